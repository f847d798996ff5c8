"""What a change would do is shown before it is saved, and nothing is written for it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calculator.catalog import current_catalog
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize
from calculator.previews.answer_changes import answer_changes
from calculator.previews.effects import effects
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier
from tests.admin_pages import fields_on, save

pytestmark = pytest.mark.usefixtures("catalog")

CONFIG = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 8192,
    "vocab_size": 128256,
    "tie_word_embeddings": True,
    "max_position_embeddings": 131072,
}


def page_of(row) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/"


def preview(client, url: str, **changes):
    """The part of the page that htmx asks for, with some fields changed."""
    page = client.get(f"{url}change/" if url[-2].isdigit() else f"{url}add/")
    data = {**fields_on(page), **changes}
    return client.post(
        f"{url}preview/",
        {name: value for name, value in data.items() if value is not None},
        headers={"hx-request": "true"},
    )


def view(response):
    assert response.status_code == 200
    return response.context["view"]


def test_a_changed_part_shows_headline_sizes_and_answers_old_and_new(admin_client):
    qlora = MethodPreset.objects.get(slug="qlora")

    seen = view(preview(admin_client, page_of(qlora), **{"parts-0-bytes_per_parameter": "1.65"}))

    seven = next(each for each in seen.sizes if (each.size, each.method) == ("7B", "QLoRA"))
    assert (seven.memory.before, seven.memory.after) == ("6\u00a0GB", "14\u00a0GB")
    assert seven.minimum.before.startswith("8 GB GPU")
    assert seven.minimum.after.startswith("16 GB GPU")
    assert "about\u00a014\u00a0GB" in seen.headlines[0].after
    answers = {each.slug: each for each in seen.answers}
    assert any(
        each.what == "{memory:qlora:7}" and each.after == "14\u00a0GB"
        for each in answers["vram-to-fine-tune-7b"].figures
    )


def test_what_is_shown_is_what_the_site_says_once_it_is_saved(admin_client):
    before = current_catalog()
    url = page_of(MethodPreset.objects.get(slug="qlora"))
    change = {"parts-0-bytes_per_parameter": "1.65"}
    seen = view(preview(admin_client, url, **change))

    save(admin_client, f"{url}change/", **change)

    after = current_catalog()
    assert effects(before, after, answer_changes(before, after)) == seen


# On PostgreSQL a query that is read in parts declares a cursor.
READING = ("SELECT", "DECLARE", "SAVEPOINT", "RELEASE")


def test_a_preview_writes_nothing(admin_client):
    tier = MemoryTier.objects.get(memory_gb=24)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        seen = view(preview(admin_client, page_of(tier), on_ladder=None))

    assert seen.minimum_count > 0
    written = [
        each["sql"] for each in queries if each["sql"].lstrip("(").split()[0] not in READING
    ]
    assert [sql for sql in written if "session" not in sql] == []
    tier.refresh_from_db()
    assert tier.on_ladder


def test_a_size_that_is_not_there_yet_shows_its_figures(admin_client):
    seen = view(preview(admin_client, "/admin/calculator/modelsize/", params_b="27"))

    assert {each.size for each in seen.sizes} == {"27B"}
    assert not ModelSize.objects.filter(params_b=27).exists()


def test_a_gpus_memory_shows_what_it_then_holds(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")

    seen = view(preview(admin_client, page_of(gpu), usable_memory_mib="14000"))

    figures = {each.what: (each.before, each.after) for each in seen.figures}
    assert figures["What a run may take of GeForce RTX 4090"] == ("25.8\u00a0GB", "14.7\u00a0GB")
    assert figures["Largest model on GeForce RTX 4090, qlora"][0] == "CodeLlama 34B"


def test_a_price_that_another_took_the_place_of_meanwhile_is_no_row_of_the_preview(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    opened = fields_on(admin_client.get(f"{page_of(gpu)}change/"))
    last = PriceObservation.objects.current().filter(gpu=gpu).order_by("pk").first()
    PriceObservation.objects.create(
        gpu=gpu,
        kind=last.kind,
        provider=last.provider,
        usd=last.usd + 1,
        source_name=last.source_name,
        source_url=last.source_url,
        checked_on=last.checked_on + dt.timedelta(days=1),
    )
    assert opened["prices-0-id"] == last.pk

    sent = {name: value for name, value in opened.items() if value is not None}
    seen = view(
        admin_client.post(
            f"{page_of(gpu)}preview/",
            {**sent, "usable_memory_mib": "14000"},
            headers={"hx-request": "true"},
        )
    )

    moved = {each.what for each in seen.figures}
    assert "What a run may take of GeForce RTX 4090" in moved


def test_without_javascript_a_button_shows_it_and_what_was_typed_stays(admin_client):
    qlora = MethodPreset.objects.get(slug="qlora")
    url = f"{page_of(qlora)}change/"
    data = fields_on(admin_client.get(url))

    response = admin_client.post(
        url, {**data, "parts-0-bytes_per_parameter": "1.65", "_preview": "1"}
    )

    assert "14\u00a0GB" in response.text.replace("&nbsp;", "\u00a0")
    assert 'value="1.65"' in response.text
    assert "Please correct" not in response.text
    qlora.refresh_from_db()
    assert current_catalog().methods_by_slug["qlora"].bytes_per_parameter < 1


def test_mistakes_are_said_instead_of_effects(admin_client):
    qlora = MethodPreset.objects.get(slug="qlora")

    response = preview(admin_client, page_of(qlora), **{"parts-1-bytes_per_parameter": "much"})

    assert "Part 2, Bytes per parameter: Enter a number." in response.text
    assert view(response) is None


def test_an_answer_is_drawn_as_typed_with_its_figures_and_mistakes(admin_client):
    entry = FaqEntry.objects.get(slug="vram-to-fine-tune-7b")

    response = preview(
        admin_client, page_of(entry), answer="It takes **{memory:qlora:7}**, {memroy:lora:7}."
    )

    assert "<strong>6\u00a0GB</strong>" in response.text.replace("&nbsp;", "\u00a0")
    assert "Did you mean “memory”?" in response.text
    assert [each.text for each in view(response).used] == ["{memory:qlora:7}", "{memroy:lora:7}"]
    assert 'data-insert="{minimum:qlora:7}"' in response.text


def test_a_shape_shows_parameters_and_the_memory_of_three_methods(admin_client):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")

    seen = view(preview(admin_client, page_of(model), num_hidden_layers="16"))

    figures = {each.what: each for each in seen.figures}
    counted = figures["Parameters, counted from the shape"]
    assert counted.before.startswith("8,030,261,248")
    assert counted.after.startswith("4,540,469,248")
    for name in ("Full fine-tuning", "LoRA", "QLoRA"):
        assert figures[f"{name}, memory"].before != figures[f"{name}, memory"].after


def test_a_pasted_config_fills_what_is_empty_and_is_saved_so(admin_client):
    url = "/admin/calculator/languagemodel/"
    typed = {
        "display_name": "Small one",
        "slug": "small-one",
        "hf_id": "someone/small-one",
        "family": "Small",
        "source": "its config.json",
        "config_json": json.dumps(CONFIG),
    }
    seen = view(preview(admin_client, url, **typed))
    figures = {each.what: each.after for each in seen.figures}
    assert figures["Parameters, counted from the shape"].startswith("1,235,814,400")

    save(admin_client, f"{url}add/", **typed)

    row = LanguageModel.objects.get(slug="small-one")
    assert (row.hidden_size, row.num_key_value_heads) == (2048, 8)
    assert (row.params_total, row.max_position_embeddings) == (1_235_814_400, 131_072)
    assert row.tie_word_embeddings
    assert row.architecture_kind == "dense"


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("{'model_type': 'llama'}", "quotes have to be double"),
        ('{"model_type": "llama"}', "hidden_size"),
        ("[]", "Paste the whole text"),
        (json.dumps(CONFIG | {"hidden_size": 4096}), "the field says 2048"),
    ],
)
def test_a_config_that_cannot_be_taken_says_why(admin_client, pasted, said):
    response = preview(
        admin_client, "/admin/calculator/languagemodel/", config_json=pasted, hidden_size="2048"
    )

    assert said in response.text


def test_who_may_not_save_may_not_ask(client):
    client.force_login(User.objects.create_user("reader", is_staff=True))
    qlora = MethodPreset.objects.get(slug="qlora")

    assert client.post(f"{page_of(qlora)}preview/", {}).status_code == 403
    assert client.post("/admin/calculator/methodpreset/preview/", {}).status_code == 403


def test_what_is_not_there_has_no_preview(admin_client):
    assert admin_client.post("/admin/calculator/methodpreset/999/preview/", {}).status_code == 404
    assert admin_client.get("/admin/calculator/methodpreset/preview/").status_code == 405

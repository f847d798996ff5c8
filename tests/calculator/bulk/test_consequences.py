"""An import is shown with what it does to the site, and asked or refused as a form is."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.utils.html import strip_tags

from calculator.catalog import current_catalog
from calculator.models import FaqEntry, MethodPreset
from calculator.previews import comparison
from calculator.previews.answer_changes import answer_changes
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier
from tests.calculator.bulk.builders import SEEN
from tests.calculator.bulk.test_pages import confirm, hand_in, said
from tests.gpus.price_rows import observe

pytestmark = pytest.mark.usefixtures("small_catalog")

TEN_TIMES = "slug\tparts\nqlora\tweights | Frozen weights | 5 | | 1\n"


def asked(page) -> str:
    found = page.context["findings"].found
    return " ".join(" ".join((each.message, *each.details)) for each in found)


def token(page) -> dict[str, str]:
    return {"_confirmed": page.context["findings"].token}


def moved(page) -> dict[str, tuple[str, str]]:
    """The figures that the preview shows, old and new."""
    effects = page.context["ahead"].effects
    changes = (*effects.figures, *(each for answer in effects.answers for each in answer.figures))
    return {each.what: (each.before, each.after) for each in changes}


def state(placeholder: str) -> None:
    entry = FaqEntry.objects.get()
    entry.answer = f"It is {placeholder}."
    entry.save()


def test_an_import_that_leaves_the_ladder_empty_is_refused_whatever_is_ticked(admin_client):
    page = hand_in(admin_client, "memory_gb\ton_ladder\n24\tno\n80\tno\n", "tiers")

    assert "would leave the ladder empty" in asked(page)
    assert 'name="confirm"' not in page.text
    refused = confirm(admin_client, page, **token(page))
    assert refused.status_code == 409
    assert "This cannot be saved." in refused.text
    assert MemoryTier.objects.get(memory_gb=80).on_ladder


def test_a_part_ten_times_as_large_is_asked_about_and_imported_with_its_tick(admin_client):
    page = hand_in(admin_client, TEN_TIMES, "presets")

    assert "0.5 → 5, 10 times as much" in asked(page)
    assert moved(page)["Bytes per parameter: QLoRA"] == ("0.85", "5")
    assert "7B, QLoRA" in page.text
    refused = confirm(admin_client, page)
    assert "Nothing was changed: read below what this would do." in said(refused)
    assert current_catalog().methods_by_slug["qlora"].bytes_per_parameter < 1
    assert "Imported" in said(confirm(admin_client, refused, **token(refused)))
    assert current_catalog().methods_by_slug["qlora"].bytes_per_parameter == 5


def test_a_tick_for_one_import_is_none_for_another(admin_client):
    answer = token(hand_in(admin_client, TEN_TIMES, "presets"))
    page = hand_in(admin_client, TEN_TIMES.replace("| 5 |", "| 50 |"), "presets")

    assert confirm(admin_client, page, **answer).status_code == 409
    assert current_catalog().methods_by_slug["qlora"].bytes_per_parameter < 1


def test_a_preset_that_answers_stand_on_is_not_taken_from_under_them_unasked(admin_client):
    state("{memory:qlora:7}")

    page = hand_in(admin_client, "slug\tpublished\nqlora\tfalse\n", "presets")

    assert "“How much: for 7B?”: {memory:qlora:7}" in asked(page)
    assert confirm(admin_client, page).status_code == 409
    assert MethodPreset.objects.get(slug="qlora").published


def test_prices_show_which_figures_they_move(admin_client):
    state("{price:rtx-4090}")
    text = "GPU\tStreet price\nRTX 4090\t1,800\n"

    page = hand_in(admin_client, text, **{**SEEN, "kind": "buy_street"})

    figures = moved(page)
    before, after = figures["GeForce RTX 4090, to buy"]
    assert before.startswith("$1,599")
    assert after.startswith("$1,800")
    assert figures["{price:rtx-4090}"][1].startswith("$1,800")
    assert asked(page) == ""
    assert "Imported" in said(confirm(admin_client, page))


def test_of_many_moved_figures_ten_are_in_sight_with_the_count_and_the_largest_move(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    names = [f"Card {n}" for n in range(1, 13)]
    for name in names:
        gpu.pk, gpu.slug, gpu.name, gpu.short_name = None, name.replace(" ", "-"), name, name
        gpu.save()
        observe(gpu, "buy_street", 100)
    lines = [f"{name}\t${110 if name != 'Card 7' else 90 / 2}" for name in names]
    text = "\n".join(["GPU\tStreet price", *lines])

    page = hand_in(admin_client, text, **{**SEEN, "kind": "buy_street", "provider": ""})

    figures = page.context["ahead"].effects.figure_list
    assert (len(figures.shown), len(figures.folded)) == (10, 2)
    [summary] = re.findall(r"<summary>(.*?)</summary>", page.text, re.DOTALL)
    assert " ".join(strip_tags(summary).split()) == (
        "2 more of 12. The largest move of all: Card 7, to buy, "
        "$100 (street price) → $45.00 (street price)"
    )


def test_guards_and_figures_are_read_off_one_comparison(admin_client, monkeypatch):
    state("{memory:qlora:7}")
    compared = []
    monkeypatch.setattr(
        comparison,
        "answer_changes",
        lambda *catalogs: compared.append(catalogs) or answer_changes(*catalogs),
    )

    page = hand_in(admin_client, TEN_TIMES, "presets")

    assert "{memory:qlora:7}" in moved(page)
    assert "10 times as much" in asked(page)
    assert len(compared) == 1


def test_several_new_gpus_are_shown_in_one_tier(admin_client):
    rows = "".join(f"card-{n}\tCard {n}\tC{n}\tNVIDIA\tconsumer\t24\ttrue\n" for n in (1, 2))
    header = "slug\tname\tshort_name\tvendor\taudience\tmemory_gb\tpublished\n"

    page = hand_in(admin_client, header + rows, "gpus")

    assert {"What a run may take of Card 1", "What a run may take of Card 2"} <= set(moved(page))
    assert "Imported" in said(confirm(admin_client, page))
    assert Gpu.objects.filter(slug__startswith="card-").count() == 2


def test_a_models_shape_shows_what_follows_from_it(admin_client):
    page = hand_in(admin_client, "slug\tnum_hidden_layers\nllama-2-7b\t16\n", "models")

    [shape] = page.context["ahead"].shapes
    figures = {each.what: each for each in shape.figures}
    assert figures["Parameters, counted from the shape"].before.startswith("6,738,415,616")
    assert figures["QLoRA, memory"].before != figures["QLoRA, memory"].after


def test_the_command_says_in_words_what_is_asked_and_goes_on_with_its_code(tmp_path):
    state("{price:rtx-4090}")
    file = tmp_path / "prices.csv"
    file.write_text(
        "gpu,kind,provider,usd,checked_on,source_name,source_url,published\n"
        "rtx-4090,buy_launch,,1599,2026-11-01,NVIDIA,https://example.com/4090,false\n"
    )
    out = io.StringIO()

    with pytest.raises(CommandError, match="Answers stand on this") as held:
        call_command("import_prices", str(file), stdout=out)

    assert "GeForce RTX 4090, to buy: $1,599 (launch price) → none" in out.getvalue()
    assert PriceObservation.objects.get().published
    [code] = re.findall(r"--confirmed (\w+)", str(held.value))
    call_command("import_prices", str(file), confirmed=code, stdout=out)
    assert not PriceObservation.objects.get().published

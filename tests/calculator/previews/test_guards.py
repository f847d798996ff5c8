"""What an editor is asked, or refused, before something that others stand on is saved."""

from __future__ import annotations

import pytest

from calculator.catalog import current_catalog
from calculator.models import LanguageModel, MethodPreset, ModelSize
from gpus.models import Gpu
from gpus.tiers import MemoryTier
from tests.admin_pages import errors_in, run_action, save

pytestmark = pytest.mark.usefixtures("catalog")

TIERS = "/admin/gpus/memorytier/"
PRESETS = "/admin/calculator/methodpreset/"


def page_of(row) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


def asked(response) -> str:
    """What the page that came back asks, in one line; a response that saved has no page."""
    assert response.status_code == 200
    return " ".join(
        " ".join((each.message, *each.details)) for each in response.context["findings"].found
    )


def confirm(client, response, url, **changes):
    return save(client, url, **changes, _confirmed=response.context["findings"].token)


@pytest.fixture
def only_tier_on_the_ladder():
    MemoryTier.objects.exclude(memory_gb=80).update(on_ladder=False)
    return MemoryTier.objects.get(memory_gb=80)


def test_the_last_tier_cannot_be_taken_off_the_ladder(admin_client, only_tier_on_the_ladder):
    url = page_of(only_tier_on_the_ladder)
    current_catalog()

    response = save(admin_client, url, on_ladder=None)

    assert "would leave the ladder empty" in asked(response)
    again = confirm(admin_client, response, url, on_ladder=None)
    assert "would leave the ladder empty" in asked(again)
    only_tier_on_the_ladder.refresh_from_db()
    assert only_tier_on_the_ladder.on_ladder


def test_all_tiers_cannot_be_taken_off_the_ladder_in_the_list(admin_client):
    rows = admin_client.get(TIERS).context["cl"].formset.forms
    off = {f"{form.prefix}-on_ladder": None for form in rows}

    response = save(admin_client, TIERS, **off)

    assert "would leave the ladder empty" in response.text
    assert MemoryTier.objects.filter(on_ladder=True).exists()


def test_a_tier_in_answers_is_not_deleted_and_the_answers_are_named(admin_client):
    tier = MemoryTier.objects.create(memory_gb=13, label="13 GB GPU", audience="consumer")
    page = admin_client.get(f"/admin/gpus/memorytier/{tier.pk}/delete/")
    assert page.context["protected"] == []

    tier = MemoryTier.objects.get(memory_gb=12)
    Gpu.objects.filter(tier=tier).update(tier=MemoryTier.objects.get(memory_gb=16))
    page = admin_client.get(f"/admin/gpus/memorytier/{tier.pk}/delete/")

    [said] = page.context["protected"]
    assert "Answers stand on this" in said
    assert "rtx-3060-12gb" in said


def test_multiples_that_sizes_need_are_not_lost_unasked(admin_client):
    tier = MemoryTier.objects.get(memory_gb=80)

    response = save(admin_client, page_of(tier), may_be_multiplied=None)

    assert "No setup of the ladder would hold these any more" in asked(response)
    assert "7B, Full fine-tuning" in asked(response)


def test_a_slug_in_links_and_answers_is_asked_about_and_saved_when_confirmed(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    url = page_of(gpu)

    response = save(admin_client, url, slug="geforce-4090")

    assert "Links to /gpus/rtx-4090/" in asked(response)
    assert "{usable:rtx-4090}" in asked(response) or "and" in asked(response)
    gpu.refresh_from_db()
    assert gpu.slug == "rtx-4090"
    confirm(admin_client, response, url, slug="geforce-4090")
    gpu.refresh_from_db()
    assert gpu.slug == "geforce-4090"


def test_a_yes_to_one_question_is_none_to_another(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    url = page_of(gpu)
    response = save(admin_client, url, slug="geforce-4090")

    other = confirm(admin_client, response, url, slug="the-4090")

    assert "would be “the-4090”" in asked(other)


def test_a_method_that_pages_know_by_its_slug_is_not_unpublished_unasked(admin_client):
    qlora = MethodPreset.objects.get(slug="qlora")

    response = run_action(admin_client, PRESETS, "unpublish", [qlora])

    assert "The precise estimate" in asked(response)
    assert "How much VRAM do you need to fine-tune a 7B model?" in asked(response)
    qlora.refresh_from_db()
    assert qlora.published


def test_a_part_ten_times_as_large_is_asked_about(admin_client):
    lora = MethodPreset.objects.get(slug="lora")

    response = save(admin_client, page_of(lora), **{"parts-0-bytes_per_parameter": "20"})

    assert "2 → 20, 10 times as much" in asked(response)


def test_a_new_preset_far_from_the_others_is_asked_about(admin_client):
    parts = {"label": "All", "slug": "all", "bytes_per_parameter": "240"}

    response = save(
        admin_client,
        f"{PRESETS}add/",
        **{"name": "Odd", "slug": "odd", "summary": "Odd."},
        **{f"parts-0-{name}": value for name, value in parts.items()},
    )

    assert "ten times beyond what the other presets take, 0.85 to 18" in asked(response)


def test_a_size_in_the_list_that_moved_by_ten_is_asked_about(admin_client):
    sizes = "/admin/calculator/modelsize/"
    rows = admin_client.get(sizes).context["cl"].formset.forms
    form = next(form for form in rows if form.instance.params_b == 70)

    response = save(admin_client, sizes, **{f"{form.prefix}-params_b": "700"})

    assert "70 → 700, 10 times as much" in response.text
    assert not ModelSize.objects.filter(params_b=700).exists()
    token = response.context["cl"].formset.findings.token
    save(admin_client, sizes, **{f"{form.prefix}-params_b": "700", "_confirmed": token})
    assert ModelSize.objects.filter(params_b=700).exists()


def test_parameters_ten_times_off_the_shape_are_asked_about(admin_client):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    typed = {"params_total": "803026124800", "params_active": None}

    response = save(admin_client, page_of(model), **typed)

    assert "The shape gives 8.03B parameters" in asked(response)


def test_an_ordinary_edit_is_not_asked_about(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")

    response = save(admin_client, page_of(gpu), tdp_w="460")

    assert response.status_code == 302
    gpu.refresh_from_db()
    assert gpu.tdp_w == 460


def test_what_is_wrong_is_said_before_anything_is_asked(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")

    response = save(admin_client, page_of(gpu), slug="geforce-4090", tdp_w="much")

    assert list(errors_in(response)) == ["tdp_w"]
    assert "findings" not in response.context

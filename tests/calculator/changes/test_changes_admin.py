"""The list of changes in the admin, and the button that undoes each."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from calculator.catalog import current_catalog
from calculator.changes.models import ChangeSet, Kind
from calculator.changes.recording import change_set
from calculator.models import FaqEntry, ModelSize, PresetPart
from calculator.previews.answer_changes import answer_changes
from calculator.previews.effects import effects
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier
from tests.admin_pages import run_action, said, save
from tests.gpus.price_rows import observe

CHANGES = "/admin/calculator/changeset/"
TIERS = "/admin/gpus/memorytier/"
PRICES = "/admin/gpus/priceobservation/"
FAQ = "/admin/calculator/faqentry/"


pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def tier():
    return MemoryTier.objects.get(memory_gb=24)


@pytest.fixture
def editor_client(client):
    editor = User.objects.create_user("anna", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    client.force_login(editor)
    return client


def listed(client, query=""):
    return [each.summary for each in client.get(f"{CHANGES}{query}").context["cl"].result_list]


def test_a_saved_form_is_a_change_with_its_reason_and_one_press_undoes_it(editor_client, tier):
    save(editor_client, f"{TIERS}{tier.pk}/change/", label="24 GB card", change_reason="shorter")
    changes = ChangeSet.objects.get(kind=Kind.EDIT)
    assert (changes.who_name, changes.why) == ("anna", "shorter")
    page = editor_client.get(f"{CHANGES}{changes.pk}/change/").text
    assert "<td>24 GB GPU</td>" in page
    assert "<td>24 GB card</td>" in page

    response = editor_client.post(f"{CHANGES}{changes.pk}/undo/", follow=True)

    tier.refresh_from_db()
    assert tier.label == "24 GB GPU"
    assert said(response)[-1].startswith(f"Undone: change {changes.pk} is as if it had not been.")


def test_a_form_that_changes_nothing_is_no_change(editor_client, tier):
    save(editor_client, f"{TIERS}{tier.pk}/change/")
    save(editor_client, TIERS)

    assert not ChangeSet.objects.exists()


def test_a_list_saved_at_once_is_one_change(editor_client):
    save(editor_client, TIERS, **{"form-0-order": "8", "form-1-order": "9"})

    assert listed(editor_client) == ["changed 2 memory tiers: 24 GB, 80 GB"]


def test_the_list_asks_as_many_questions_for_many_changes_as_for_one(
    editor_client, tier, django_assert_max_num_queries
):
    for order in range(12):
        with change_set(kind=Kind.EDIT):
            tier.order = order
            tier.save()
    editor_client.get(CHANGES)

    # The list's own, one for each table's history, and who undid each change that was undone.
    with django_assert_max_num_queries(40):
        assert len(listed(editor_client)) == 12


def test_changes_are_found_by_who_what_and_since_when(editor_client, tier):
    save(editor_client, f"{TIERS}{tier.pk}/change/", label="24 GB card")
    with change_set(kind=Kind.COMMAND):
        ModelSize.objects.create(params_b=9)

    tiers, sizes = "changed memory tier: 24 GB", "added model size: 9B"
    assert listed(editor_client) == [sizes, tiers]
    assert listed(editor_client, "?who=anna") == [tiers]
    assert listed(editor_client, "?who=-") == [sizes]
    assert listed(editor_client, "?what=calculator.modelsize") == [sizes]
    assert listed(editor_client, "?kind__exact=edit") == [tiers]
    moment = ChangeSet.objects.get(kind=Kind.COMMAND).at
    assert listed(editor_client, f"?since={moment:%Y-%m-%dT%H:%M:%S.%f}") == [sizes]
    assert listed(editor_client, "?since=yesterday") == [sizes, tiers]


def test_selected_changes_are_undone_newest_first(editor_client, tier):
    for label in ("first", "second"):
        save(editor_client, f"{TIERS}{tier.pk}/change/", label=label)

    response = run_action(editor_client, CHANGES, "undo_selected", ChangeSet.objects.all()[:2])

    tier.refresh_from_db()
    assert tier.label == "24 GB GPU"
    assert said(response)[-1].startswith("Undone: change ")


def test_what_cannot_be_undone_is_said_in_words(editor_client, tier):
    for label in ("first", "second"):
        save(editor_client, f"{TIERS}{tier.pk}/change/", label=label)
    first = ChangeSet.objects.order_by("pk").filter(kind=Kind.EDIT)[0]

    response = editor_client.post(f"{CHANGES}{first.pk}/undo/", follow=True)

    nothing, reason = said(response)[-2:]
    assert nothing == "Not undone, nothing was changed."
    assert reason.startswith("memory tier “24 GB” was changed since by anna (change ")


def test_an_editor_undoes_no_publishing(editor_client, admin_client):
    answer = FaqEntry.objects.get(slug="how-much")
    run_action(admin_client, FAQ, "unpublish", [answer])
    changes = ChangeSet.objects.first()

    page = editor_client.get(f"{CHANGES}{changes.pk}/change/").text
    assert "Only a publisher can undo this" in page
    assert editor_client.post(f"{CHANGES}{changes.pk}/undo/").status_code == 403
    assert editor_client.get(f"{CHANGES}{changes.pk}/undo/").status_code == 405


def test_an_editor_undoes_their_own_price_and_only_who_may_undo_sees_the_button(
    editor_client, admin_client
):
    gpu = Gpu.objects.first()
    said_of_it = {"usd": "2.5", "provider": "A cloud", "source_name": "Its page"}
    said_of_it["source_url"] = "https://cloud.example/"
    save(editor_client, f"{PRICES}add/", gpu=gpu.pk, kind="rent_spot", **said_of_it)
    price = PriceObservation.objects.get(usd="2.5")
    priced = ChangeSet.objects.first()
    run_action(admin_client, FAQ, "unpublish", FaqEntry.objects.all())
    viewer = User.objects.create_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_changeset"))
    viewer_client = Client()
    viewer_client.force_login(viewer)

    of_price, of_faq = (
        f'aria-label="Undo {each}"' for each in (priced, ChangeSet.objects.first())
    )
    as_admin, as_editor, as_viewer = (
        client.get(CHANGES).text for client in (admin_client, editor_client, viewer_client)
    )
    assert of_price in as_admin
    assert of_faq in as_admin
    assert of_price in as_editor
    assert of_faq not in as_editor
    assert 'aria-label="Undo' not in as_viewer
    assert viewer_client.post(f"{CHANGES}{priced.pk}/undo/").status_code == 403

    response = editor_client.post(f"{CHANGES}{priced.pk}/undo/", follow=True)

    assert said(response)[-1].startswith(f"Undone: {priced} is as if it had not been.")
    assert not PriceObservation.objects.filter(pk=price.pk).exists()


def test_a_rows_history_shows_each_change_also_when_the_row_is_gone(admin_client, tier):
    answer = FaqEntry.objects.get(slug="how-much")
    save(admin_client, f"{FAQ}{answer.pk}/change/", question="How much memory?")
    admin_client.post(f"{FAQ}{answer.pk}/delete/?for_good=1", {"post": "yes"})

    page = admin_client.get(f"{FAQ}{answer.pk}/history/").text

    assert "<td>How much: for 7B?</td>" in page
    assert "edited by admin" in page
    assert "Nobody has changed this" in admin_client.get(f"{TIERS}{tier.pk}/history/").text
    assert admin_client.get(f"{FAQ}999999/history/").status_code == 404


@pytest.fixture
def ten_times():
    """A change that made a part ten times as large."""
    part = PresetPart.objects.get(preset__slug="lora", slug="weights")
    with change_set(kind=Kind.EDIT) as changes:
        part.bytes_per_parameter = 20
        part.save()
    return changes


def lora_weights() -> int:
    return int(PresetPart.objects.get(preset__slug="lora", slug="weights").bytes_per_parameter)


def test_an_undo_that_forms_would_ask_about_is_asked_about(editor_client, ten_times):
    url = f"{CHANGES}{ten_times.pk}/undo/"

    page = editor_client.post(url, {"change_reason": "a slip"})

    assert "20 → 2, a 10th of it" in page.text
    assert '<input type="hidden" name="change_reason" value="a slip">' in page.text
    assert lora_weights() == 20
    token = page.context["findings"].token
    done = editor_client.post(
        url, {"change_reason": "a slip", "_confirmed": token, "action": ""}, follow=True
    )
    assert said(done)[-1].startswith("Undone")
    assert lora_weights() == 2


def test_selected_changes_are_asked_about_together(editor_client, ten_times):
    page = run_action(editor_client, CHANGES, "undo_selected", [ten_times])
    assert "20 → 2, a 10th of it" in page.text

    token = page.context["findings"].token
    run_action(editor_client, CHANGES, "undo_selected", [ten_times], _confirmed=token)

    assert lora_weights() == 2


def part_ten_times_as_large():
    part = PresetPart.objects.filter(preset__slug="qlora").first()
    part.bytes_per_parameter *= 10
    part.save()


def a_size_and_a_price_more():
    ModelSize.objects.create(params_b=90)
    observe(Gpu.objects.get(slug="rtx-4090"), "buy_street", 1500)


def a_gpu_and_its_prices_gone():
    Gpu.objects.get(slug="h100").delete()


@pytest.mark.parametrize(
    "change", [part_ten_times_as_large, a_size_and_a_price_more, a_gpu_and_its_prices_gone]
)
def test_a_change_shows_what_undoing_it_moves_for_visitors_as_an_import_does(admin_client, change):
    with change_set(kind=Kind.EDIT) as changes:
        change()
    before = current_catalog()

    page = admin_client.get(f"{CHANGES}{changes.pk}/change/")

    seen = page.context["ahead"].view.effects
    assert seen
    assert "What undoing this would change for visitors" in page.text
    asked = admin_client.post(f"{CHANGES}{changes.pk}/undo/")
    if "findings" in (asked.context or {}):
        assert asked.context["ahead"].view.effects == seen
        token = {"_confirmed": asked.context["findings"].token}
        admin_client.post(f"{CHANGES}{changes.pk}/undo/", token)
    after = current_catalog()
    assert effects(before, after, answer_changes(before, after)) == seen
    assert admin_client.get(f"{CHANGES}{changes.pk}/change/").context["ahead"] is None


def test_a_change_of_many_rows_shows_a_hundred_and_counts_the_others(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    with change_set(kind=Kind.IMPORT) as changes:
        for number in range(102):
            observe(gpu, "rent_on_demand", 1, provider=f"Cloud {number}")

    page = admin_client.get(f"{CHANGES}{changes.pk}/change/").text

    assert page.count('<section class="module">') == 100
    assert "And 2 more, which belong to this change and go back with it." in page
    admin_client.post(f"{CHANGES}{changes.pk}/undo/")
    assert not gpu.prices.filter(kind="rent_on_demand").exists()

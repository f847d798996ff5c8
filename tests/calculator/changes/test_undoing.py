"""Every change can be undone: an edit, a deletion, a whole import; or says why not."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from calculator.changes.models import ChangeSet, Kind
from calculator.changes.recording import change_set
from calculator.changes.row_changes import row_changes
from calculator.changes.undoing import Refused, undo, undo_each
from calculator.data.loading import load_catalog
from calculator.looking_ahead.changes import HeldBack
from calculator.models import FaqEntry, MethodPreset, ModelSize, PresetPart
from gpus.models import Gpu
from gpus.tiers import MemoryTier

pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def anna():
    return User.objects.create_user("anna")


@pytest.fixture
def tier():
    return MemoryTier.objects.get(memory_gb=24)


def edit(row, **values):
    """Save a row as one change."""
    with change_set(kind=Kind.EDIT) as changes:
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    return changes


def test_a_change_says_who_when_why_and_what_was_before(anna, tier):
    before = timezone.now()
    with change_set(kind=Kind.EDIT, who=anna, why=" a typo ") as changes:
        tier.label = "24 GB card"
        tier.save()

    changes.refresh_from_db()
    assert (changes.who, changes.who_name, changes.why) == (anna, "anna", "a typo")
    assert before <= changes.at <= timezone.now()
    [row] = row_changes(changes)
    [difference] = row.differences
    assert (row.what, difference.label, difference.new) == ("changed", "Label", "24 GB card")
    assert difference.old == "24 GB GPU"


def test_loading_a_new_site_writes_no_history_and_a_later_load_only_what_it_changes(
    small_catalog, tier
):
    assert not ChangeSet.objects.exists()
    tiers = small_catalog / "gpus/data/memory_tiers.csv"
    tiers.write_text(tiers.read_text() + "48,48 GB GPU,workstation,true,false,3\n")
    sizes = small_catalog / "calculator/data/model_sizes.csv"
    sizes.write_text(sizes.read_text().replace("0.5,2", "0.5,3"))

    load_catalog(small_catalog)

    changes = ChangeSet.objects.get(kind=Kind.LOAD)
    assert {(row.what, row.name) for row in row_changes(changes)} == {
        ("added", "48 GB"),
        ("changed", "0.5B"),
    }
    undo(changes)
    load_catalog(small_catalog)
    assert not MemoryTier.objects.filter(memory_gb=48).exists()


def test_an_edit_goes_back(tier):
    changes = edit(tier, label="24 GB card", order=99)

    undoing = undo(changes)

    tier.refresh_from_db()
    assert (tier.label, tier.order == 99) == ("24 GB GPU", False)
    assert (undoing.kind, undoing.undoes) == (Kind.UNDO, changes)


def test_an_undo_can_be_undone(tier):
    changes = edit(tier, label="24 GB card")
    undoing = undo(changes)

    undo(undoing)

    tier.refresh_from_db()
    assert tier.label == "24 GB card"
    with pytest.raises(Refused, match="undone already"):
        undo(undoing)


def test_a_deletion_comes_back_with_the_rows_below_it_under_the_same_keys():
    lora = MethodPreset.objects.get(slug="lora")
    parts = {(part.pk, str(part)) for part in lora.parts.all()}
    with change_set(kind=Kind.EDIT) as changes:
        MethodPreset.objects.get(pk=lora.pk).delete()
    assert not PresetPart.objects.filter(preset=lora.pk).exists()

    undo(changes)

    assert {(part.pk, str(part)) for part in MethodPreset.objects.get(pk=lora.pk).parts.all()} == (
        parts
    )


def test_a_whole_import_goes_back_in_the_right_order(tier):
    with change_set(kind=Kind.IMPORT) as changes:
        new = MemoryTier.objects.create(memory_gb=40, label="40 GB GPU", audience="datacenter")
        for number in range(5):
            Gpu.objects.create(
                name=f"Card {number}", short_name="C", slug=f"card-{number}", tier=new
            )
        moved = Gpu.objects.filter(tier=tier).first()
        moved.tier = new
        moved.save()

    undo(changes)

    assert not MemoryTier.objects.filter(memory_gb=40).exists()
    assert not Gpu.objects.filter(slug__startswith="card-").exists()
    moved.refresh_from_db()
    assert moved.tier == tier


def test_a_row_that_was_changed_since_is_refused_in_words_and_nothing_goes_back(anna, tier):
    with change_set(kind=Kind.IMPORT) as changes:
        size = ModelSize.objects.first()
        size.order = 77
        size.save()
        tier.label = "24 GB card"
        tier.save()
    with change_set(kind=Kind.EDIT, who=anna):
        tier.label = "a card of 24 GB"
        tier.save()

    with pytest.raises(Refused) as refused:
        undo(changes)

    [problem] = refused.value.problems
    assert problem.startswith("memory tier “24 GB” was changed since by anna")
    assert "Label (24 GB card → a card of 24 GB). Undo that first." in problem
    size.refresh_from_db()
    assert size.order == 77


def test_a_new_row_that_others_need_by_now_stays(tier):
    with change_set(kind=Kind.EDIT) as changes:
        new = MemoryTier.objects.create(memory_gb=40, label="40 GB GPU", audience="datacenter")
    gpu = Gpu.objects.filter(tier=tier).first()
    edit(gpu, tier=new)

    with pytest.raises(Refused, match=f"“40 GB” was added by this, and GPU “{gpu}” needs it"):
        undo(changes)

    assert MemoryTier.objects.filter(memory_gb=40).exists()


def test_a_part_whose_preset_is_gone_says_what_to_undo_first():
    part = PresetPart.objects.filter(preset__slug="lora").first()
    with change_set(kind=Kind.EDIT) as changes:
        part.delete()
    MethodPreset.objects.get(slug="lora").delete()

    with pytest.raises(Refused, match="its method preset is gone"):
        undo(changes)


def test_a_row_that_another_took_the_place_of_says_so():
    size = ModelSize.objects.get(params_b=7)
    with change_set(kind=Kind.EDIT) as changes:
        size.delete()
    ModelSize.objects.create(params_b=7)

    with pytest.raises(Refused, match=r"with this Parameters \(billions\) already exists"):
        undo(changes)


def test_an_answer_that_names_what_is_gone_does_not_come_back():
    answer = FaqEntry.objects.get(slug="how-much")
    edit(answer, answer="About {memory:qlora:7}.")
    changes = edit(answer, answer="Much.")
    MethodPreset.objects.filter(slug="qlora").delete()

    with pytest.raises(Refused, match="would not be accepted as it was"):
        undo(changes)


def test_a_former_slug_leads_on_after_a_renaming_is_undone():
    answer = FaqEntry.objects.get(slug="how-much")
    changes = edit(answer, slug="how-much-memory")

    undo(changes)

    answer.refresh_from_db()
    assert answer.slug == "how-much"
    assert [str(each) for each in answer.former_slugs.all()] == ["how-much-memory → how-much"]


def test_all_changes_since_a_moment_go_back_newest_first(tier):
    first = edit(tier, label="first")
    second = edit(tier, label="second")
    undo(second)
    third = edit(tier, label="third")

    done = undo_each(ChangeSet.objects.filter(pk__gte=first.pk))

    assert done == [third, first]
    tier.refresh_from_db()
    assert tier.label == "24 GB GPU"


def test_a_row_that_an_older_release_saved_without_history_is_recorded_as_it_stood(tier):
    edit(tier, label="first")
    MemoryTier.objects.filter(pk=tier.pk).update(
        label="by the older release", updated_at=timezone.now()
    )
    tier.refresh_from_db()
    changes = edit(tier, label="second")

    undo(changes)

    tier.refresh_from_db()
    assert tier.label == "by the older release"


def test_a_long_text_shows_its_changed_words(tier):
    text = " ".join(f"word{number}" for number in range(100))
    answer = FaqEntry.objects.get(slug="how-much")
    edit(answer, answer=text)
    changes = edit(answer, answer=text.replace("word50", "another word"))

    [difference] = row_changes(changes)[0].differences

    assert [(piece.kind, piece.text) for piece in difference.pieces if piece.kind != "same"] == [
        ("gone", "word50"),
        ("new", "another word"),
    ]
    assert "word49" in difference.pieces[0].text
    assert "word10 " not in difference.pieces[0].text


# The command --------------------------------------------------------------------------------------


def ask(*arguments):
    said = StringIO()
    call_command("undo_changes", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_undoes_what_was_done_since(tier):
    before = timezone.now().isoformat()
    changes = edit(tier, label="24 GB card")

    assert f"Would undo change {changes.pk}" in ask("--since", before, "--dry-run")
    tier.refresh_from_db()
    assert tier.label == "24 GB card"

    said = ask("--since", before, "--why", "a mistake")
    assert "memory tier 24 GB (changed) Label: 24 GB card → 24 GB GPU" in said
    tier.refresh_from_db()
    assert tier.label == "24 GB GPU"
    assert ChangeSet.objects.first().why == "a mistake"


def test_the_command_undoes_one_change_or_says_why_not(tier):
    changes = edit(tier, label="24 GB card")
    edit(tier, label="another")

    with pytest.raises(CommandError, match=r"Nothing was undone[\s\S]*was changed since"):
        ask("--set", str(changes.pk))
    with pytest.raises(CommandError, match="There is no such change"):
        ask("--since", (timezone.now() + dt.timedelta(days=1)).isoformat())
    with pytest.raises(CommandError, match="“noon” is no moment"):
        ask("--since", "noon")


@pytest.fixture
def ladder_moved(tier):
    """Two changes: another tier comes onto the ladder, and the only one so far leaves it."""
    edit(tier, on_ladder=False)
    onto = edit(tier, on_ladder=True)
    return onto, edit(MemoryTier.objects.get(memory_gb=80), on_ladder=False)


def test_an_undo_that_leaves_the_ladder_empty_is_refused(ladder_moved, tier):
    onto, _ = ladder_moved

    with pytest.raises(HeldBack) as held:
        undo(onto)
    assert held.value.findings.is_refused
    with pytest.raises(HeldBack):
        undo(onto, confirmed=held.value.findings.token)

    tier.refresh_from_db()
    assert tier.on_ladder


def test_changes_undone_together_are_looked_at_together(ladder_moved):
    assert len(undo_each(ladder_moved)) == 2

    assert [each.memory_gb for each in MemoryTier.objects.filter(on_ladder=True)] == [80]


def test_the_command_says_what_an_undo_would_do_and_goes_on_with_its_code():
    part = PresetPart.objects.get(preset__slug="lora", slug="weights")
    part.bytes_per_parameter = 20
    changes = edit(part)

    with pytest.raises(CommandError, match="a 10th of it") as held:
        call_command("undo_changes", number=changes.pk)

    part.refresh_from_db()
    assert part.bytes_per_parameter == 20
    code = str(held.value).rsplit("--confirmed ", 1)[1].rstrip(".")
    call_command("undo_changes", number=changes.pk, confirmed=code, stdout=StringIO())
    part.refresh_from_db()
    assert part.bytes_per_parameter == 2

"""An import confirmed after others saved its rows: refused with both versions, then done."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from calculator.bulk.clashes import OthersSaved, seen_in
from calculator.bulk.models import BulkImport
from calculator.bulk.reading.pasted import read_pasted
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.waiting import Waiting, confirm, hand_in
from calculator.changes.models import Kind
from calculator.changes.recording import change_set
from calculator.models import MethodPreset
from gpus.models import Gpu
from gpus.tiers import MemoryTier

LORA = "slug\tparts\nlora\tweights | 16 bits each. | 2 | Frozen weights | 1"

pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def by_anna():
    """A change set of another editor."""
    return change_set(kind=Kind.EDIT, who=User.objects.create_user("anna"), why="As sold")


def previewed(table: str, text: str):
    """An import that waits, and what its preview showed."""
    grid = read_pasted(text)
    row = hand_in(BULK_TABLES[table], grid, source="a test", text=text)
    return row, Waiting.of(row).plan()


def confirmed(row: BulkImport, plan):
    seen = seen_in(BULK_TABLES[row.table], plan)
    return confirm(row.pk, editor=None, fingerprint=plan.fingerprint, seen=seen)


def told(row: BulkImport, plan) -> tuple[OthersSaved, list[str]]:
    """The refusal of an import, with each row of its tables as a line."""
    with pytest.raises(OthersSaved) as caught:
        confirmed(row, plan)
    refused = caught.value
    lines = []
    for clash in refused.clashes:
        lines.append(f"{clash.place} {clash.name} {clash.happened} by {clash.compared.who}")
        for each in clash.compared.fields:
            lines.append(f"{each.label}: {each.seen} | {each.stands} | {each.typed}")
    return refused, lines


def test_both_versions_of_a_saved_row_are_told_and_confirmed_again_it_is_imported(by_anna):
    row, plan = previewed("gpus", "slug\ttdp_w\th100\nrtx-4090\t450\t\nh100\t700\t\n")
    with by_anna:
        card = Gpu.objects.get(slug="rtx-4090")
        card.tdp_w, card.short_name = 425, "4090"
        card.save()

    refused, lines = told(row, plan)

    assert lines == [
        "2 GeForce RTX 4090 saved by anna",
        "Short name: RTX 4090 | 4090 | ",
        "Board power (W): empty | 425 | 450",
    ]
    assert Gpu.objects.get(slug="rtx-4090").tdp_w == 425
    assert confirmed(row, refused.plan).in_words == "0 added, 2 changed, 0 unchanged"
    card.refresh_from_db()
    assert (card.tdp_w, card.short_name) == (450, "4090")


def test_a_row_that_was_unchanged_in_the_preview_is_told_too(by_anna):
    row, plan = previewed("tiers", "memory_gb\tlabel\n24\t24 GB GPU\n80\t80 GB card\n")
    with by_anna:
        tier = MemoryTier.objects.get(memory_gb=24)
        tier.label = "24 GB card"
        tier.save()

    _, lines = told(row, plan)

    assert lines == ["2 24 GB saved by anna", "Label: 24 GB GPU | 24 GB card | 24 GB GPU"]


def test_a_row_that_was_added_or_deleted_meanwhile_is_told(by_anna):
    columns = "memory_gb\tlabel\taudience\torder\n"
    MemoryTier.objects.create(memory_gb=48, label="48 GB", audience="consumer", order=3)
    row, plan = previewed("tiers", f"{columns}32\tMine\tconsumer\t4\n48\t48\tconsumer\t3\n")
    with by_anna:
        MemoryTier.objects.create(memory_gb=32, label="Anna's", audience="consumer", order=4)
        MemoryTier.objects.get(memory_gb=48).delete()

    refused, lines = told(row, plan)

    assert "2 32 GB added by anna" in lines
    assert "Label: empty | Anna's | Mine" in lines
    assert "3 48 GB deleted by anna" in lines
    assert "Label: 48 GB | empty | 48" in lines
    assert confirmed(row, refused.plan).in_words == "1 added, 1 changed, 0 unchanged"


def test_a_part_of_a_preset_that_was_saved_meanwhile_is_told(by_anna):
    row, plan = previewed("presets", LORA)
    with by_anna:
        part = MethodPreset.objects.get(slug="lora").parts.get(slug="rest")
        part.bytes_per_parameter = "0.5"
        part.save()

    refused, lines = told(row, plan)

    assert lines[0] == "2 LoRA, The rest: 0.5 saved by anna"
    assert "Bytes per parameter: 0.4 | 0.5 | empty" in lines
    confirmed(row, refused.plan)
    assert [part.slug for part in MethodPreset.objects.get(slug="lora").parts.all()] == ["weights"]


def test_what_others_saved_beside_the_import_is_no_matter(by_anna):
    row, plan = previewed("gpus", "slug\ttdp_w\nrtx-4090\t450\n")
    with by_anna:
        other = Gpu.objects.get(slug="h100")
        other.tdp_w = 650
        other.save()

    assert confirmed(row, plan).in_words == "0 added, 1 changed, 0 unchanged"

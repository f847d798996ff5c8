from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.db import connection

from calculator.catalog import current_catalog
from calculator.data.loading import TABLES, load_catalog
from calculator.models import FaqEntry, LoadedRow, MethodPreset, ModelSize, PresetPart
from gpus.models import Gpu, MemoryTier
from gpus.prices.models import PriceObservation
from tests.calculator.small_catalog import write_small_catalog

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path):
    write_small_catalog(tmp_path)
    return tmp_path


@pytest.fixture
def loaded(root):
    load_catalog(root)
    return root


def change(root, name, old, new):
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def outcome(root, table):
    """What the load did with the rows of one table."""
    [summary] = [each for each in load_catalog(root) if each.table.model is table]
    return dict(summary.rows)


def problems(root):
    with pytest.raises(CommandError) as error:
        call_command("load_catalog", root=root)
    heading, *lines = str(error.value).splitlines()
    assert heading == "Nothing was loaded. Correct this and run load_catalog again:"
    return [line.strip() for line in lines]


# What is loaded ---------------------------------------------------------------------------------


def test_a_row_arrives_with_its_types_and_its_parent(loaded):
    gpu = Gpu.objects.get(slug="rtx-4090")

    assert gpu.tier.memory_gb == 24
    assert gpu.launched_on == dt.date(2022, 10, 1)
    assert gpu.bandwidth_gb_per_s == Decimal(1008)
    price = gpu.prices.get()
    assert (price.kind, price.usd) == ("buy_launch", 1599)
    assert price.checked_on == dt.date(2026, 11, 1)
    assert gpu.is_tier_example


def test_a_faq_entry_is_its_head_and_its_markdown(loaded):
    entry = FaqEntry.objects.get()

    assert (entry.slug, entry.question) == ("how-much", "How much: for 7B?")
    assert entry.calculator_query == "size=7"
    assert entry.answer == "It depends on the method.\n\nA second paragraph."


def test_the_projects_own_files_are_valid_and_load_whole():
    call_command("load_catalog", verbosity=0)

    assert load_catalog(settings.BASE_DIR)[0].rows["unchanged"] == MemoryTier.objects.count()
    assert Gpu.objects.count() >= 60
    assert {preset.slug for preset in MethodPreset.objects.filter(task="training")} == {
        "full",
        "lora",
        "qlora",
    }
    assert FaqEntry.objects.count() >= 5


def test_the_command_says_what_became_of_each_table(root, capsys):
    call_command("load_catalog", root=root)

    lines = capsys.readouterr().out.splitlines()
    for name in ("memory tiers", "GPUs"):
        assert (
            f"{name}: 2 added, 0 updated, 0 unchanged, 0 kept as edited, 0 deleted by an editor"
            in lines
        )


# Loading again ----------------------------------------------------------------------------------


def test_a_second_load_of_the_same_files_changes_nothing(loaded):
    version = current_catalog().version

    assert all(set(summary.rows) == {"unchanged"} for summary in load_catalog(loaded))
    assert current_catalog().version == version


def test_a_second_load_asks_few_questions_and_writes_nothing(
    loaded, django_assert_max_num_queries
):
    # One per table, what was loaded, the groups and what they were granted, and the transaction; on
    # PostgreSQL the lock besides, and how long to wait for it.
    most = len(TABLES) + (7 if connection.vendor == "postgresql" else 5)
    with django_assert_max_num_queries(most) as queries:
        load_catalog(loaded)

    assert not [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
    ]


def test_a_row_that_changed_in_the_file_changes_on_the_site(loaded):
    change(loaded, "gpus/data/gpus.csv", "GeForce RTX 4090,RTX 4090", "GeForce RTX 4090,4090")

    assert outcome(loaded, Gpu) == {"updated": 1, "unchanged": 1}
    assert Gpu.objects.get(slug="rtx-4090").short_name == "4090"


def test_a_row_that_is_new_in_the_file_is_added(loaded):
    change(loaded, "calculator/data/model_sizes.csv", "7,1,true", "7,1,true\n70,3,true")

    assert outcome(loaded, ModelSize) == {"added": 1, "unchanged": 2}


def test_a_column_that_is_new_in_the_file_fills_rows_loaded_before(loaded):
    head, *rows = (loaded / "gpus/data/gpus.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"{head},tdp_w", f"{rows[0]},450", f"{rows[1]},700", ""])
    (loaded / "gpus/data/gpus.csv").write_text(text, encoding="utf-8")

    assert outcome(loaded, Gpu) == {"updated": 2}
    assert Gpu.objects.get(slug="h100").tdp_w == 700


# What editors did -------------------------------------------------------------------------------


def test_a_field_that_an_editor_changed_stays_while_the_others_follow_the_file(loaded):
    MemoryTier.objects.filter(memory_gb=24).update(label="24 GB card")
    change(
        loaded,
        "gpus/data/memory_tiers.csv",
        "24,24 GB GPU,consumer,true,false",
        "24,A 24 GB GPU,workstation,true,false",
    )

    assert outcome(loaded, MemoryTier) == {"updated": 1, "unchanged": 1}
    tier = MemoryTier.objects.get(memory_gb=24)
    assert (tier.label, tier.audience) == ("24 GB card", "workstation")


def test_an_edit_stays_through_every_later_load(loaded):
    MemoryTier.objects.filter(memory_gb=80).update(on_ladder=False)

    assert outcome(loaded, MemoryTier) == {"kept": 1, "unchanged": 1}
    assert outcome(loaded, MemoryTier) == {"kept": 1, "unchanged": 1}
    assert not MemoryTier.objects.get(memory_gb=80).on_ladder


def test_an_editor_who_puts_the_loaded_value_back_follows_the_file_again(loaded):
    tiers = MemoryTier.objects.filter(memory_gb=80)
    tiers.update(label="eighty")
    load_catalog(loaded)
    tiers.update(label="80 GB")
    change(loaded, "gpus/data/memory_tiers.csv", "80,80 GB,", "80,80 GB card,")

    load_catalog(loaded)

    assert tiers.get().label == "80 GB card"


def test_an_edited_price_keeps_its_own_source_and_date(loaded):
    PriceObservation.objects.update(usd=1400)
    change(loaded, "gpus/data/prices.csv", "https://example.com/4090", "https://example.com/new")
    change(loaded, "gpus/data/prices.csv", "1599,NVIDIA", "1500,A shop")

    assert outcome(loaded, PriceObservation) == {"kept": 1}
    price = PriceObservation.objects.get()
    assert price.usd == 1400
    assert price.source_name == "NVIDIA"
    assert price.source_url == "https://example.com/4090"


def test_a_price_seen_on_another_day_is_a_row_more(loaded):
    change(
        loaded,
        "gpus/data/prices.csv",
        "2026-11-01",
        "2026-11-01\nrtx-4090,buy_launch,,1500,A shop,https://example.com/shop,2026-11-20",
    )

    assert outcome(loaded, PriceObservation) == {"added": 1, "unchanged": 1}
    [gpu] = [each for each in current_catalog().gpus if each.slug == "rtx-4090"]
    assert gpu.retail_price.usd == 1500


def test_a_row_that_an_editor_deleted_does_not_come_back(loaded):
    Gpu.objects.get(slug="h100").delete()
    change(loaded, "gpus/data/gpus.csv", "H100 SXM", "H100 SXM5")

    assert outcome(loaded, Gpu) == {"deleted": 1, "unchanged": 1}
    assert not Gpu.objects.filter(slug="h100").exists()


def test_new_rows_of_a_parent_that_an_editor_deleted_are_left_out(loaded):
    MethodPreset.objects.get(slug="qlora").delete()
    change(
        loaded,
        "calculator/data/preset_parts.csv",
        "qlora,rest,The rest,0.35,,2",
        "qlora,rest,The rest,0.3,,2\nqlora,buffers,Buffers,0.05,,3",
    )

    assert outcome(loaded, PresetPart) == {"deleted": 3, "unchanged": 2}


def test_a_row_that_an_editor_added_is_left_alone(loaded):
    ModelSize.objects.create(params_b=70, order=99)
    change(loaded, "calculator/data/model_sizes.csv", "7,1,true", "7,1,true\n70,3,true")

    assert outcome(loaded, ModelSize) == {"kept": 1, "unchanged": 2}
    assert ModelSize.objects.get(params_b=70).order == 99


def test_a_gpu_that_an_editor_entered_under_another_slug_is_not_entered_twice(loaded):
    tier = MemoryTier.objects.get(memory_gb=24)
    Gpu.objects.create(slug="my-5090", name="GeForce RTX 5090", short_name="RTX 5090", tier=tier)
    row = "rtx-5090,GeForce RTX 5090,RTX 5090,NVIDIA,consumer,24,2025-01,1792,false,5,true,"
    change(loaded, "gpus/data/gpus.csv", "rtx-4090,GeForce", f"{row}\nrtx-4090,GeForce")

    assert outcome(loaded, Gpu) == {"kept": 1, "unchanged": 2}


def test_an_unedited_preset_takes_its_parts_from_the_file_as_a_whole(loaded):
    change(
        loaded,
        "calculator/data/preset_parts.csv",
        "lora,rest,The rest,0.4,,2",
        "lora,buffers,Buffers,0.5,,2",
    )

    load_catalog(loaded)

    lora = current_catalog().methods_by_slug["lora"]
    assert [part.slug for part in lora.parts] == ["weights", "buffers"]
    assert lora.bytes_per_parameter == Decimal("2.5")


@pytest.mark.parametrize("edit", ["change", "delete", "add"])
def test_the_parts_of_a_preset_that_an_editor_edited_stay_as_a_whole(loaded, edit):
    lora = MethodPreset.objects.get(slug="lora")
    if edit == "change":
        lora.parts.filter(slug="rest").update(bytes_per_parameter=Decimal("0.6"))
    elif edit == "delete":
        lora.parts.get(slug="rest").delete()
    else:
        lora.parts.create(slug="mine", label="Mine", bytes_per_parameter=Decimal("0.1"))
    before = sorted(lora.parts.values_list("slug", "bytes_per_parameter"))
    change(
        loaded,
        "calculator/data/preset_parts.csv",
        "lora,weights,Frozen weights,2,16 bits each.,1",
        "lora,weights,Frozen weights,1.9,16 bits each.,1\nlora,buffers,Buffers,0.1,,3",
    )

    load_catalog(loaded)

    assert sorted(lora.parts.values_list("slug", "bytes_per_parameter")) == before
    # …and the neighbour that nobody touched still follows the file.
    assert "qlora" in current_catalog().methods_by_slug


# Broken files -----------------------------------------------------------------------------------


def test_every_mistake_is_named_with_file_row_and_column_and_nothing_is_loaded(root):
    change(root, "gpus/data/gpus.csv", "3350", "fast")
    change(root, "gpus/data/gpus.csv", "RTX 4090,NVIDIA", "RTX 4090,Nvidea")
    change(root, "gpus/data/memory_tiers.csv", "datacenter,true", "datacenter,yes")
    change(root, "calculator/data/model_sizes.csv", "0.5,2", "0.01,2")

    assert problems(root) == [
        "gpus/data/memory_tiers.csv, row 3, column on_ladder: "
        "“yes” is neither “true” nor “false”.",
        "gpus/data/gpus.csv, row 3, column bandwidth_gb_per_s: "
        "“fast” value must be a decimal number.",
        "gpus/data/gpus.csv, row 2, column vendor: Value 'Nvidea' is not a valid choice. "
        "Use one of: NVIDIA, AMD, Intel, Apple, Google, AWS, Other.",
        "calculator/data/model_sizes.csv, row 3, column params_b: "
        "Ensure this value is greater than or equal to 0.1.",
    ]
    assert not MemoryTier.objects.exists()
    assert not LoadedRow.objects.exists()
    assert not Group.objects.exists()


def test_a_broken_file_leaves_the_old_catalog_whole(loaded):
    version = current_catalog().version
    change(loaded, "gpus/data/memory_tiers.csv", "24 GB GPU", "A 24 GB GPU")
    change(loaded, "calculator/data/model_sizes.csv", "7,1", "seven,1")

    assert len(problems(loaded)) == 1
    assert current_catalog().version == version


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        (
            "gpus/data/gpus.csv",
            "consumer,24",
            "consumer,23",
            "gpus/data/gpus.csv, row 2, column memory_gb: "
            "“23” is not in gpus/data/memory_tiers.csv. Add it there.",
        ),
        (
            "gpus/data/prices.csv",
            "NVIDIA,https",
            ",https",
            "gpus/data/prices.csv, row 2, column source_name: This field cannot be blank.",
        ),
        (
            "gpus/data/gpus.csv",
            "H100 SXM",
            "GeForce RTX 4090",
            "gpus/data/gpus.csv, row 3, column name: “GeForce RTX 4090” is in "
            "gpus/data/gpus.csv, row 2 too. Keep one.",
        ),
        (
            "calculator/data/preset_parts.csv",
            "qlora,rest",
            "qlora,weights",
            "calculator/data/preset_parts.csv, row 5, column preset_slug and slug: "
            "“qlora/weights” is in calculator/data/preset_parts.csv, row 4 too. Keep one.",
        ),
        (
            "calculator/data/preset_parts.csv",
            ",16 bits each.,",
            ",16 bits, each.,",
            "calculator/data/preset_parts.csv, row 2: 7 cells under 6 columns. "
            "Put a cell that has a comma in it between double quotes.",
        ),
        (
            "calculator/data/model_sizes.csv",
            "params_b,order",
            "params_b,ordre",
            "calculator/data/model_sizes.csv: no column “ordre” is known. "
            "Known: params_b, order, published.",
        ),
        (
            "calculator/data/model_sizes.csv",
            "params_b,",
            "params,",
            "calculator/data/model_sizes.csv: the column “params_b” is missing.",
        ),
        (
            "calculator/data/faq/01-how-much.md",
            "question: How",
            "question How",
            "calculator/data/faq/01-how-much.md, column question: This field cannot be blank.",
        ),
        (
            "calculator/data/faq/01-how-much.md",
            "---\nIt",
            "It",
            "calculator/data/faq/01-how-much.md: begin with “name: value” lines "
            "between two lines of “---”.",
        ),
    ],
)
def test_a_mistake_is_told_in_words(root, name, old, new, problem):
    change(root, name, old, new)

    assert problem in problems(root)


def test_a_missing_file_is_told_in_words(root):
    (root / "calculator/data/model_sizes.csv").unlink()

    assert problems(root) == ["calculator/data/model_sizes.csv: the file is missing. Restore it."]


# The groups of editors --------------------------------------------------------------------------

# Price feeds are kept by editors too, and come from no file.
TABLE_NAMES = {*(table.model._meta.model_name for table in TABLES), "pricefeed"}
PARTS = {"presetpart", "modelalias"}


def permissions_of(group):
    return set(group.permissions.values_list("codename", flat=True))


def each(action, names=TABLE_NAMES):
    return {f"{action}_{name}" for name in names}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Catalog viewer", each("view")),
        ("Catalog editor", each("view") | each("add") | each("change") | each("delete", PARTS)),
        (
            "Catalog publisher",
            each("view") | each("add") | each("change") | each("delete") | {"publish_catalog"},
        ),
    ],
)
def test_a_group_may_do_its_part_in_the_catalog_and_nothing_else(loaded, name, expected):
    assert permissions_of(Group.objects.get(name=name)) == expected | {"view_changeset"}


def test_who_edited_before_there_were_publishers_may_still_publish(loaded):
    editor = User.objects.create_user("editor")
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    Group.objects.get(name="Catalog publisher").delete()
    load_catalog(loaded)
    later = User.objects.create_user("later")
    later.groups.add(Group.objects.get(name="Catalog editor"))
    load_catalog(loaded)

    assert [str(user) for user in Group.objects.get(name="Catalog publisher").user_set.all()] == [
        "editor"
    ]


def test_what_an_administrator_gave_or_took_stays(loaded):
    group = Group.objects.get(name="Catalog editor")
    group.permissions.add(Permission.objects.get(codename="view_user"))
    group.permissions.remove(Permission.objects.get(codename="change_gpu"))

    load_catalog(loaded)

    assert "view_user" in permissions_of(group)
    assert "change_gpu" not in permissions_of(group)


def test_a_permission_that_is_new_in_this_version_is_granted(loaded):
    group = Group.objects.get(name="Catalog editor")
    granted = LoadedRow.objects.get(table="auth.Group", key="Catalog editor")
    granted.values["permissions"].remove("gpus.change_gpu")
    granted.save()
    group.permissions.remove(Permission.objects.get(codename="change_gpu"))

    load_catalog(loaded)

    assert "change_gpu" in permissions_of(group)

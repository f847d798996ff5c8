"""What an import changes, what it refuses, and that it is all of it or nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from calculator.bulk.planning import HasProblems, IsOdd, NotAsShown
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelAlias
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from tests.calculator.bulk.builders import SEEN, changes_of, import_of, plan_of

pytestmark = pytest.mark.usefixtures("small_catalog")


def test_a_preview_says_old_and_new_and_changes_nothing():
    plan = plan_of("gpus", "slug\ttdp_w\tsource\nrtx-4090\t450\tdata sheet\nh100\t\tanother\n")

    assert changes_of(plan) == {
        "GeForce RTX 4090": {"tdp_w": ("", "450")},
        "H100 SXM": {"source": ("data sheet, page 2", "another")},
    }
    assert Gpu.objects.get(slug="rtx-4090").tdp_w is None


def test_columns_that_a_table_lacks_stay_as_they_are():
    import_of("gpus", "slug\ttdp_w\nrtx-4090\t450\n")

    gpu = Gpu.objects.get(slug="rtx-4090")
    assert (gpu.tdp_w, gpu.source, gpu.bandwidth_gb_per_s) == (450, "data sheet", 1008)


def test_a_row_that_is_new_is_added_and_one_that_is_left_out_stays():
    plan = import_of(
        "tiers", "memory_gb,label,audience\n24,24 GB GPU,consumer\n32,32 GB GPU,consumer\n"
    )

    assert plan.in_words == "1 added, 0 changed, 1 unchanged"
    assert sorted(Gpu.tier.field.related_model.objects.values_list("memory_gb", flat=True)) == [
        24,
        32,
        80,
    ]


def test_a_row_of_another_table_is_named_by_its_key():
    plan = plan_of("gpus", "slug\tmemory_gb\nrtx-4090\t48\n")

    assert [str(each) for each in plan.problems] == [
        "row 2, column memory_gb (B): “48” is not among the memory tiers: add it there first."
    ]


def test_a_presets_parts_stand_in_its_cell_and_come_and_go_with_it():
    text = 'slug\tparts\nlora\t"{}"\n'
    lines = "rest | The rest | 0.3 | |2\nweights|Frozen weights|2|16 bits each.|1\nnew|New|1||3"
    columns = [each.name for each in MethodPreset.parts.field.model._meta.fields]
    assert columns[2:] == [
        "slug",
        "label",
        "bytes_per_parameter",
        "explanation",
        "order",
        "updated_at",
    ]

    import_of("presets", text.format(lines))

    lora = MethodPreset.objects.get(slug="lora")
    assert lora.to_spec().bytes_per_parameter == Decimal("3.3")
    import_of("presets", text.format("weights|Frozen weights|2|16 bits each.|1"))
    assert [part.slug for part in lora.parts.all()] == ["weights"]
    assert MethodPreset.objects.get(slug="qlora").parts.count() == 2


def test_a_part_that_cannot_be_is_named_with_its_line():
    plan = plan_of("presets", 'slug\tparts\nlora\t"a|A|2||1\nb|B|many||2"\n')

    assert [str(each) for each in plan.problems] == [
        "row 2, column parts (B): line 2, bytes_per_parameter: “many” is not a number."
    ]


def test_an_alias_of_another_model_is_refused_in_words():
    LanguageModel.objects.create(
        slug="another",
        display_name="Another",
        hf_id="a/b",
        family="f",
        params_total=1,
        architecture_kind="dense",
        model_type="mllama",
        source="s",
    )

    plan = plan_of("models", 'slug\taliases\nanother\t"vicuna-7b-v1.5 | by mistake"\n')

    assert "This alias is another model's already." in plan.problems[0].words
    assert ModelAlias.objects.get().language_model.slug == "llama-2-7b"


def test_an_answers_mistake_is_found_before_it_is_saved():
    before = FaqEntry.objects.get().answer

    plan = plan_of("answers", "slug\tanswer\nhow-much\tIt takes {memory:nosuch:7}.\n")

    assert plan.problems[0].column == "answer (B)"
    assert "nosuch" in plan.problems[0].words
    assert FaqEntry.objects.get().answer == before


def test_one_key_twice_is_refused():
    plan = plan_of("gpus", "slug\ttdp_w\nrtx-4090\t450\nh100\t700\nrtx-4090\t400\n")

    assert [str(each) for each in plan.problems] == [
        "row 4, column slug (A): It has the same slug as row 2. Keep one."
    ]


def test_a_table_without_its_key_is_refused():
    plan = plan_of("gpus", "vendor\ttdp_w\nNVIDIA\t450\n")

    assert "No column is the slug" in plan.problems[0].words


def test_a_thousand_prices_with_ten_mistakes_change_nothing_and_name_all_ten():
    rows = [
        [
            ("rtx-4090", "H100 SXM")[day % 2],
            f"${1 + day / 1000:.3f}/hr",
            f"P{day // 700}",
            _day(day),
        ]
        for day in range(1000)
    ]
    bad = {
        100: (0, "RTX 9999", "is no GPU of the catalog"),
        200: (1, "€2.10", "not in US dollars"),
        300: (1, "two", "is not a price"),
        400: (3, "2030-01-01", "This day has not come yet"),
        500: (3, "1999-01-01", "is the year right"),
        600: (3, "03/04/2026", "no day that can be read"),
        700: (1, "$0", "greater than or equal"),
        800: (1, "$900/month", "is for a month"),
        900: (2, "", "Say who rents it out"),
        999: (0, "8x H100 SXM", "give the price of one"),
    }
    for place, (position, text, _) in bad.items():
        rows[place - 2][position] = text
    header = ["GPU", "Price", "Provider", "Date"]
    text = "\n".join("\t".join(row) for row in [header, *rows])
    seen = {**SEEN, "provider": ""}
    before = PriceObservation.objects.count()

    with pytest.raises(HasProblems) as refused:
        import_of("prices", text, **seen)

    found = [(each.place, each.column) for each in refused.value.plan.problems]
    assert found == [
        (place, f"{header[position]} ({'ABCD'[position]})")
        for place, (position, _, _) in bad.items()
    ]
    for problem, (_, _, words) in zip(refused.value.plan.problems, bad.values(), strict=True):
        assert words in problem.words
    assert PriceObservation.objects.count() == before


def _day(number: int) -> str:
    return f"{2004 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"


def test_prices_are_observations_and_a_day_has_one_of_each():
    import_of("prices", "GPU\tprice\nRTX 4090\t$0.69/hr\n", **SEEN)
    plan = import_of("prices", "GPU\tprice\nRTX 4090\t$0.59/hr\n", **SEEN)

    [change] = plan.changes
    assert [(cell.column, cell.before, cell.after) for cell in change.cells] == [
        ("usd", "0.69", "0.59")
    ]
    again = import_of("prices", "GPU\tprice\nRTX 4090\t$0.59/hr\n", **SEEN)
    assert again.in_words == "0 added, 0 changed, 1 unchanged"
    later = {**SEEN, "checked_on": "2026-11-27"}
    assert import_of("prices", "GPU\tprice\nRTX 4090\t$0.59/hr\n", **later).new_count == 1


def test_a_row_with_prices_of_two_kinds_is_two_prices_and_a_dash_is_none():
    text = "GPU  On-demand  Spot\nRTX 4090  $0.69/hr  $0.35/hr\nH100 SXM  $2.69/hr  -\n"

    plan = import_of("prices", text, **SEEN)

    prices = PriceObservation.objects.filter(provider="RunPod").order_by("kind", "usd")
    assert [(price.gpu.slug, price.kind, float(price.usd)) for price in prices] == [
        ("rtx-4090", "rent_on_demand", 0.69),
        ("h100", "rent_on_demand", 2.69),
        ("rtx-4090", "rent_spot", 0.35),
    ]
    assert [str(each) for each in plan.left_out] == [
        "row 3, column Spot (C): There is no price in it."
    ]


@pytest.mark.parametrize("heading", ["Price (EUR)", "EUR/h", "£/hr", "price_gbp", "On-demand (€)"])
def test_a_column_headed_in_another_currency_is_refused(heading):
    plan = plan_of("prices", f"GPU\t{heading}\nRTX 4090\t0.69\n", **SEEN)

    assert [str(each) for each in plan.problems] == [
        f"all rows, column {heading} (B): It is not in US dollars: give the prices in dollars."
    ]


@pytest.mark.parametrize("heading", ["Price (EUR)", "Price per GB", "$/GB", "Price from"])
def test_what_is_no_price_in_dollars_stands_beside_one_and_is_none_alone(heading):
    text = f"GPU\t{heading}\tRate\nRTX 4090\t0.03\t0.69\n"

    [change] = plan_of("prices", text, **SEEN).changes

    assert next(cell.after for cell in change.cells if cell.column == "usd") == "0.69"
    assert not plan_of("prices", text.replace("\tRate", "").replace("\t0.69", ""), **SEEN).changes


@pytest.mark.parametrize("heading", ["Count", "GPUs", "Qty", "quantity"])
@pytest.mark.parametrize("count", ["8", "8x"])
def test_a_price_of_several_is_no_price_of_one(heading, count):
    text = f"{heading}\tModel\tPrice\n1\tRTX 4090\t0.69\n{count}\tH100 SXM\t$21.52/hr\n"

    [problem] = plan_of("prices", text, **SEEN).problems

    assert str(problem).startswith(f"row 3, column {heading} (A): The row is of 8 GPUs: give the")
    for of_one in (
        text.replace("/hr", "/GPU/hr"),
        text.replace("Price", "Price per GPU hour"),
        text.replace(count, "1"),
    ):
        assert plan_of("prices", of_one, **SEEN).new_count == 2


@pytest.mark.parametrize(
    ("headings", "words"),
    [
        ("Price\tHourly rate", "all rows: Two columns are “usd”. Say what the other one is."),
        ("On-demand\tSecure", "all rows: Two columns are “usd@rent_on_demand”. Say what"),
        (
            "Price\tOn-demand",
            "row 2, column Price (B): It is 0.69 here and 0.79 in On-demand (C), for one price.",
        ),
    ],
)
def test_two_columns_that_differ_on_one_price_are_refused(headings, words):
    text = f"GPU\t{headings}\nRTX 4090\t$0.69\t$0.79\nH100 SXM\t2.69\t-\n"

    [problem] = plan_of("prices", text, **SEEN).problems

    assert str(problem).startswith(words)
    assert plan_of("prices", text.replace("0.79", "0.69"), **SEEN).new_count == 2


def test_a_price_beside_one_of_another_kind_is_not_lost():
    text = "GPU\tPrice\tSpot\nRTX 4090\t$0.69\t$0.35\n"

    import_of("prices", text, **SEEN)

    prices = PriceObservation.objects.filter(provider="RunPod").order_by("usd")
    assert [(price.kind, float(price.usd)) for price in prices] == [
        ("rent_spot", 0.35),
        ("rent_on_demand", 0.69),
    ]


def test_gpus_that_the_catalog_lacks_are_left_out_only_on_demand():
    text = "GPU\tprice\nRTX 4090\t$0.69/hr\nK80\t$0.10/hr\n"

    strict = plan_of("prices", text, **SEEN)
    lenient = plan_of("prices", text, leaves_out_unknown=True, **SEEN)

    assert not strict.can_be_applied
    assert lenient.can_be_applied
    assert [each.place for each in lenient.left_out] == [3]


def test_a_price_ten_times_the_last_wants_a_word_of_its_own():
    import_of("prices", "GPU\tprice\nRTX 4090\t0.69\n", **SEEN)
    text, later = "GPU\tprice\nRTX 4090\t16.90\n", {**SEEN, "checked_on": "2026-11-21"}

    [change] = plan_of("prices", text, **later).changes
    with pytest.raises(IsOdd):
        import_of("prices", text, **later)

    assert change.warnings == ("24 times the last price of its kind, $0.69.",)
    assert import_of("prices", text, accepts_odd=True, **later).new_count == 1


def test_what_changed_since_the_preview_is_refused():
    text = "slug\ttdp_w\nrtx-4090\t450\n"
    shown = plan_of("gpus", text)
    Gpu.objects.filter(slug="rtx-4090").update(tdp_w=425)

    with pytest.raises(NotAsShown) as refused:
        import_of("gpus", text, fingerprint=shown.fingerprint)

    assert changes_of(refused.value.plan) == {"GeForce RTX 4090": {"tdp_w": ("425", "450")}}
    assert Gpu.objects.get(slug="rtx-4090").tdp_w == 425


def test_that_an_offer_ended_is_said_in_a_column_of_its_own():
    import_of("prices", "GPU\tprice\nRTX 4090\t$0.69\n", **SEEN)

    heading = "gpu\tkind\tprovider\tseen on\tno longer offered since\n"
    row = "rtx-4090\trent_on_demand\tRunPod\t2026-11-20\t{}\n"
    early = plan_of("prices", heading + row.format("2026-11-19"))
    assert [each.words for each in early.problems] == ["It was seen after that day."]
    import_of("prices", heading + row.format("2026-11-25"))

    [price] = PriceObservation.objects.filter(provider="RunPod")
    assert (price.usd, str(price.ended_on)) == (Decimal("0.69"), "2026-11-25")
    assert not PriceObservation.objects.current().filter(provider="RunPod").exists()

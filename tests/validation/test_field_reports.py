"""The field reports: every row can be read and traced to its source, and how many come out right."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from urllib.parse import urlparse

import pytest

from calculator.estimation.cluster.sharding import OFFLOADS
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import settings_from_mapping
from calculator.estimation.units import GB
from validation.field import architecture_of_report, judge, read_field_reports
from validation.field.records import REPORTED_STRATEGIES
from validation.field_reports import judged_reports, main, share_right
from validation.measured import Comparable, comparison_of, read_runs
from validation.measured.models import CATALOG

REPORTS = {report.id: report for report in read_field_reports()}
# The level reached. The bar is 0.85 of all reports, with none that cannot be stated.
RIGHT_OF_STATED = 0.772
RIGHT_COUNT = 105
with CATALOG.open(encoding="utf-8", newline="") as file:
    SLUGS = {row["slug"] for row in csv.DictReader(file)}


def each_report(argument="report"):
    return pytest.mark.parametrize(argument, REPORTS.values(), ids=REPORTS)


@pytest.fixture(scope="module")
def judged():
    return judged_reports()


def test_there_are_as_many_as_the_issue_asks_for_each_named_once():
    assert len(read_field_reports()) == len(REPORTS) >= 60


def test_no_two_rows_are_the_same_run_of_the_same_source():
    runs = [
        (report.url, report.model, report.hf_id, report.method, str(report.settings),
         report.gpu_count, report.strategy, report.offload, report.gpu, str(report.later))
        for report in REPORTS.values()
    ]  # fmt: skip

    assert len(set(runs)) == len(runs)


def test_none_is_in_the_measured_runs_already():
    measured = {
        (comparable.architecture, run.method, run.gpu_count, round(run.middle_bytes / GB, 1))
        for run in read_runs()
        if isinstance(comparable := comparison_of(run), Comparable)
    }
    ours = {
        report.id: (
            architecture_of_report(report),
            report.method,
            report.gpu_count,
            round(report.measured_bytes / GB, 1),
        )
        for report in REPORTS.values()
        if report.measured_bytes and judge(report).likely_bytes
    }

    assert len(measured) > 300
    assert [name for name, run in ours.items() if run in measured] == []


@each_report()
def test_a_report_can_be_traced_to_its_source(report):
    assert report.source
    assert urlparse(report.url).scheme == "https"
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", report.date)
    assert report.report
    assert report.certainty


@each_report()
def test_the_model_is_in_the_catalog_or_named_as_on_the_hub(report):
    if report.model:
        assert report.model in SLUGS
    else:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", report.hf_id)


@each_report()
def test_the_settings_are_the_sites_own(report):
    settings = settings_from_mapping(report.settings, method=report.method)

    assert {"micro_batch", "sequence_length"} <= set(report.settings)
    assert settings.method == report.method
    assert report.strategy in REPORTED_STRATEGIES
    assert report.offload in OFFLOADS


@each_report()
def test_targets_are_maps_of_the_model(report):
    targets = report.settings.get("lora_targets")
    if not isinstance(targets, list):
        return
    assert set(targets) <= set(module_names(architecture_of_report(report)))


@each_report()
def test_what_was_seen_is_stated_with_its_measure(report):
    if report.kind == "measured":
        assert report.measured_bytes
        assert report.measured_as
        assert report.counter
    else:
        assert report.measured_bytes is None
        assert report.counter == ""
        assert report.card_bytes
    assert (report.card_bytes is None) == (report.gpu == "")


def test_reports_spread_over_what_people_run():
    reports = list(REPORTS.values())

    assert {report.kind for report in reports} == {"fitted", "out_of_memory", "measured"}
    assert all(sum(report.kind == kind for report in reports) >= 20 for kind in
               ("fitted", "out_of_memory", "measured"))  # fmt: skip
    assert {report.method for report in reports} == {"full", "lora", "qlora"}
    assert {report.strategy for report in reports} >= {"none", "ddp", "zero2", "zero3", "fsdp1"}
    assert sum(report.gpu_count == 1 for report in reports) >= 40
    assert sum(report.settings["sequence_length"] >= 16_000 for report in reports) >= 15
    assert len({report.source.split("#")[0] for report in reports}) >= 15


def test_a_run_that_fitted_is_right_when_the_low_figure_fits():
    judged = judge(REPORTS["ub-hf2"])

    assert judged.low_bytes <= judged.report.card_bytes < judged.high_bytes
    assert (judged.outcome, judged.answer) == ("right", "tight")


def test_a_run_that_ran_out_is_right_when_the_low_figure_does_not_fit():
    judged = judge(REPORTS["tt-856a"])

    assert judged.low_bytes > judged.report.card_bytes
    assert (judged.outcome, judged.answer) == ("right", "too small")


def test_a_measured_run_is_held_to_its_counter():
    judged = judge(REPORTS["tt-389"])

    assert judged.low_bytes == judged.likely_bytes == judged.high_bytes
    assert judged.outcome == "right"
    assert abs(judged.error_fraction) <= 0.15


def test_a_model_that_is_not_known_cannot_be_asked_for():
    judged = judge(replace(REPORTS["tt-389"], model="", hf_id="nobody/nothing-7b"))

    assert (judged.outcome, judged.missing) == ("inexpressible", ("model",))
    assert judged.error_fraction is None


def test_what_no_setting_can_say_is_named_and_never_counts_as_right():
    judged = judge(REPORTS["lf-8668"])

    assert judged.outcome == "inexpressible"
    assert "task" in judged.missing
    assert judged.likely_bytes > 0


def test_a_setting_that_came_later_is_taken_over_once_it_exists():
    report = REPORTS["tt-389"]

    taken = judge(replace(report, later={"optimizer": "adamw"}))
    unknown_value = judge(replace(report, later={"optimizer": "no such optimizer"}))
    unknown_name = judge(replace(report, later={"no_such_setting": True}))

    assert taken.missing == ()
    assert taken.likely_bytes > judge(report).likely_bytes
    assert unknown_value.missing == ("optimizer",)
    assert unknown_name.missing == ("no_such_setting",)


def test_the_share_of_right_ones_is_at_least_what_was_reached(judged):
    assert sum(item.outcome == "right" for item in judged) >= RIGHT_COUNT
    assert share_right(judged) >= RIGHT_OF_STATED


def test_the_table_says_how_many_are_right(capsys, judged):
    main()

    printed = capsys.readouterr().out.splitlines()
    counts = [sum(item.outcome == name for item in judged)
              for name in ("right", "wrong", "inexpressible")]  # fmt: skip
    assert len(printed) > len(judged)
    assert any("{} right, {} wrong, {} inexpressible".format(*counts) in line for line in printed)


def test_tight_on_several_gpus_mostly_ran_out_and_on_one_mostly_fitted(judged):
    """What verdict_sentence tells, and why it tells it of several alone."""
    ended = Counter(
        (item.report.gpu_count > 1, item.report.kind)
        for item in judged
        if item.answer == "tight" and item.outcome != "inexpressible"
    )

    assert ended[True, "out_of_memory"] > 2 * ended[True, "fitted"] > 0
    assert ended[False, "fitted"] > 5 * ended[False, "out_of_memory"]

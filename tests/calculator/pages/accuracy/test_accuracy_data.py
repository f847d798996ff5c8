"""The committed comparisons: up to date, and as accurate as the issue asks."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from calculator.pages.accuracy.records import accuracy_rows, left_out_rows
from calculator.pages.accuracy.selection import Selection, errors_of


def test_the_committed_files_are_what_the_command_makes_of_the_committed_data(capsys):
    call_command("build_accuracy", "--check")

    assert capsys.readouterr().out.count("up to date") == 2


def test_every_measured_run_is_compared_or_left_out():
    measured = [row for row in accuracy_rows() if row.kind == "measured"]

    assert len(measured) + len(left_out_rows()) == 708


def test_every_row_names_its_source_with_a_link():
    assert all(row.source and row.url.startswith("https://") for row in accuracy_rows())


def test_complete_measured_runs_are_met_within_4_percent_at_the_median_and_12_for_nine_in_ten():
    rows = Selection(counter="allocated").of(accuracy_rows())

    errors = errors_of(row.error_fraction for row in rows)

    assert errors is not None
    assert errors.median_fraction <= 0.04
    assert errors.p90_fraction <= 0.12


def test_the_estimate_is_nearer_than_the_rule_of_thumb_for_every_method():
    for method in ("full", "lora", "qlora"):
        rows = Selection(counter="allocated", method=method).of(accuracy_rows())

        ours = errors_of(row.error_fraction for row in rows)
        rule = errors_of(row.rule_of_thumb_error_fraction for row in rows)

        assert ours is not None
        assert rule is not None
        assert ours.median_fraction < rule.median_fraction


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_traced_steps_are_met_within_2_5_and_10_percent(method):
    rows = Selection(kind="traced", method=method).of(accuracy_rows())

    errors = errors_of(row.error_fraction for row in rows)

    assert errors is not None
    assert errors.median_fraction <= 0.02
    assert errors.p90_fraction <= 0.05
    assert errors.worst_fraction <= 0.10


def test_the_site_has_at_least_200_traced_steps():
    assert sum(row.kind == "traced" for row in accuracy_rows()) >= 200

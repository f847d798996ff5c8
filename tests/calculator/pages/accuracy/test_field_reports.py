"""The section of the accuracy page on what people reported."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from calculator.pages.accuracy.field.causes import FIELD_CAUSES, UNEXPLAINED, causes_of
from calculator.pages.accuracy.field.presenters import (
    REPORTS_PER_PAGE,
    AnswerRow,
    answer_rows,
    field_lead,
    kind_rows,
    report_row,
)
from calculator.pages.accuracy.field.records import FieldReportRow, field_report_rows
from calculator.words.formatting import format_figure
from validation.field import read_field_reports

GB = 10**9
FITTED = FieldReportRow(
    id="fitted",
    source="An issue",
    url="https://example.com/1",
    date="2025-01",
    model="a/model",
    method="lora",
    settings="1 × 2,048 tokens",
    gpus="A100",
    report="It ran",
    assumed="The batch",
    kind="fitted",
    card_bytes=24 * GB,
    measured_bytes=None,
    measured_as="",
    counter="",
    low_bytes=18 * GB,
    likely_bytes=20 * GB,
    high_bytes=22 * GB,
    answer="fits",
    outcome="right",
    missing="",
    calculator_query="",
)
TIGHT = replace(FITTED, id="tight", kind="out_of_memory", answer="tight", outcome="wrong")
MEASURED = replace(
    FITTED,
    id="measured",
    kind="measured",
    card_bytes=None,
    measured_bytes=25 * GB,
    measured_as="25GB",
    counter="nvidia-smi",
    answer="",
    outcome="wrong",
)
UNSTATED = replace(
    FITTED,
    id="unstated",
    low_bytes=None,
    likely_bytes=None,
    high_bytes=None,
    answer="",
    outcome="inexpressible",
    missing="preference training",
)


def soup(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def rows_of(page):
    return page.select("table.runs--reports tbody tr")


def test_every_committed_report_is_shown_with_its_source():
    assert [row.id for row in field_report_rows()] == [item.id for item in read_field_reports()]
    assert all(row.source and row.url.startswith("https://") for row in field_report_rows())


def test_the_counts_are_those_of_the_rows():
    right_of_three = kind_rows([FITTED, TIGHT, MEASURED, UNSTATED])

    assert [(row.label, row.right, row.wrong, row.unstated) for row in right_of_three] == [
        ("Fitted", "1", "0", "1"),
        ("Ran out of memory", "0", "1", "0"),
        ("Measured", "0", "1", "0"),
        ("All three", "1", "2", "1"),
    ]
    assert right_of_three[-1].share == "33\u00a0%"


def test_each_answer_says_how_its_runs_ended_on_one_gpu_and_on_several():
    several = replace(TIGHT, gpus="8 × A800 80 GB, ZeRO-3")

    fits, tight, too_small = answer_rows([FITTED, TIGHT, several, several, MEASURED, UNSTATED])

    assert fits == AnswerRow("Fits", 1, 0, 0, 0)
    assert tight == AnswerRow("Tight", 0, 1, 0, 2)
    assert too_small == AnswerRow("Too small", 0, 0, 0, 0)


def test_the_sentence_counts_what_can_be_stated():
    words = field_lead([FITTED, TIGHT, MEASURED, UNSTATED])

    assert words.startswith("Of 4 runs that people reported, 3 can be stated")
    assert "right for 1 of them (33\u00a0%)" in words
    assert "of 1 that fitted it denies none; of 1 that ran out it holds 1" in words.lower()


def test_a_verdict_is_held_against_what_happened_and_a_figure_against_a_figure():
    verdict, figure = report_row(TIGHT), report_row(MEASURED)

    assert (verdict.ours, verdict.range) == ("tight", "18\u00a0GB to 22\u00a0GB")
    assert (verdict.seen, verdict.seen_note) == ("ran out", "card of 24\u00a0GB")
    assert (figure.ours, figure.seen, figure.seen_note) == (
        "20\u00a0GB",
        "25\u00a0GB",
        "nvidia-smi",
    )
    assert figure.outcome_note == "\u221220\u00a0%"


def test_a_figure_in_another_unit_stands_as_it_was_written_too():
    shown = report_row(replace(MEASURED, measured_bytes=24 * 2**30, measured_as="24GiB"))

    assert (shown.seen, shown.seen_note) == ("25.8\u00a0GB", "nvidia-smi: 24GiB")


def test_what_cannot_be_stated_is_named_and_has_no_figure():
    shown = report_row(UNSTATED)

    assert shown.ours == ""
    assert (shown.outcome, shown.outcome_note) == ("cannot be stated", "preference training")


def test_every_wrong_report_has_one_cause_and_what_has_none_is_said_to_be_unexplained():
    causes = causes_of([FITTED, TIGHT, MEASURED, UNSTATED])

    assert [(cause.title, [row.id for row in found]) for cause, found in causes] == [
        ("Ran out where we say “tight”", ["tight"]),
        (UNEXPLAINED.title, ["measured"]),
    ]
    explained = [row for _, found in causes_of(field_report_rows()) for row in found]
    assert len(explained) == sum(row.outcome == "wrong" for row in field_report_rows())


def test_causes_name_reports_that_exist():
    named = {each for cause in FIELD_CAUSES for each in cause.report_ids}

    assert named <= {row.id for row in field_report_rows()}


@pytest.mark.django_db
def test_the_wrong_ones_come_first_and_each_says_what_was_seen(client):
    rows = rows_of(soup(client, "/accuracy/"))

    assert len(rows) == REPORTS_PER_PAGE
    assert rows[0].select_one(".runs__outcome strong").text == "wrong"
    for row in rows:
        assert row.select_one(".runs__report").text
        assert row.select_one(".runs__source a")["href"].startswith("https://")
        assert row.select_one(".runs__seen").text.strip()


@pytest.mark.django_db
def test_the_pages_of_reports_hold_each_once_and_keep_the_filters(client):
    seen, url = [], "/accuracy/?method=lora"
    while url:
        page = soup(client, url)
        assert page.select_one("#filter-method option[selected]")["value"] == "lora"
        seen += [row["id"].removeprefix("report-") for row in rows_of(page)]
        link = page.select_one("nav[aria-label='Pages of reports'] a[rel=next]")
        url = link["href"] if link else ""

    assert sorted(seen) == sorted(row.id for row in field_report_rows())


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["0", "-1", "two", "99999"])
def test_a_page_of_reports_that_is_not_one_is_an_error_in_words(client, typed):
    page = soup(client, f"/accuracy/?reports={typed}")

    assert any("Enter a page" in error.text for error in page.select(".field-error"))


@pytest.mark.django_db
def test_a_page_after_the_last_is_the_last(client):
    assert rows_of(soup(client, "/accuracy/?reports=9999"))


@pytest.mark.django_db
def test_all_reports_can_be_downloaded(client):
    response = client.get("/accuracy/field-reports.csv")

    text = b"".join(response.streaming_content).decode()
    assert response["Content-Disposition"] == 'attachment; filename="field-reports.csv"'
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(read_field_reports())


@pytest.mark.django_db
def test_a_report_opens_in_the_calculator(client, catalog):
    # Such as hold the whole device bytes: PyTorch's own counters leave the context out.
    row = next(row for row in field_report_rows() if row.calculator_query and row.kind == "fitted")

    page = client.get(f"/?{row.calculator_query}").content.decode()

    assert format_figure(row.likely_bytes, (row.low_bytes, row.high_bytes)) in page

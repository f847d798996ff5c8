"""docs/validation.md quotes figures of the committed traces and of the tool's matrix."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from validation.field import read_field_reports
from validation.field_reports import judged_reports
from validation.measured import read_runs
from validation.trace import TRACES, key_of, read_rows
from validation.traced import read_traces
from validation.tracing.cases import GPU_CASES, TRACED_CASES

DOC = Path(__file__).parents[2] / "docs" / "validation.md"


def test_the_document_counts_what_is_committed():
    text = DOC.read_text(encoding="utf-8")
    steps = read_traces()

    counted = re.search(r"\| (\d+) real training steps of (\d+) models", text)
    measured = re.search(r"\| (\d+) figures that others published", text)
    field = re.search(r"\| (\d+) runs that people reported", text)
    matrix = re.search(r"# the matrix, (\d+) runs", text)

    assert counted is not None
    assert [int(number) for number in counted.groups()] == [
        len(steps),
        len({step.architecture.name for step in steps}),
    ]
    assert measured is not None
    assert int(measured[1]) == len(read_runs())
    assert field is not None
    assert int(field[1]) == len(read_field_reports())
    assert matrix is not None
    assert int(matrix[1]) == len(GPU_CASES)


def test_the_document_says_how_many_field_reports_come_out_right():
    text = DOC.read_text(encoding="utf-8")
    outcomes = Counter(item.outcome for item in judged_reports())

    stated = re.search(r"\*\*(\d+) right, (\d+) wrong, (\d+) inexpressible\.\*\*", text)

    assert stated is not None
    assert [int(number) for number in stated.groups()] == [
        outcomes["right"],
        outcomes["wrong"],
        outcomes["inexpressible"],
    ]


def test_every_case_of_the_tool_is_traced_and_committed():
    keys = {key_of(case) for case in TRACED_CASES}

    assert len(keys) == len(TRACED_CASES)
    assert read_rows(TRACES).keys() == keys


def test_the_matrix_for_a_gpu_has_at_least_30_runs():
    assert len(set(GPU_CASES)) == len(GPU_CASES) >= 30

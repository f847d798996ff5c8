"""Steps traced under FSDP 2, against the estimate of one GPU among several."""

from __future__ import annotations

from statistics import median

import pytest

from validation.trace_sharded import CASES, estimate_of, read_sharded_traces

TRACES = read_sharded_traces()


def test_every_case_is_traced():
    assert [case for case, _ in TRACES] == list(CASES)


@pytest.mark.parametrize(("case", "traced"), TRACES, ids=lambda value: str(value)[:60])
def test_a_traced_peak_is_met_within_15_thousandths(case, traced):
    ours = estimate_of(case).per_gpu

    assert ours.peak_allocated_bytes == pytest.approx(traced["peak"], rel=0.015)
    assert ours.phases["optimizer_step"] == pytest.approx(traced["optimizer_step"], rel=0.002)


def test_half_of_the_traced_peaks_are_met_within_a_thousandth():
    errors = [
        abs(estimate_of(case).peak_allocated_bytes / traced["peak"] - 1) for case, traced in TRACES
    ]

    assert median(errors) < 0.001

"""From allocated bytes to those that the card must have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.device import CONTEXT_BYTES, device_bytes
from tests.calculator.estimation.architectures import architecture

SIZES = st.integers(min_value=0, max_value=10**13)


@given(allocated=SIZES, extra=SIZES, paged=SIZES)
def test_low_likely_and_high_stand_in_order_above_the_allocated_bytes(allocated, extra, paged):
    device = device_bytes(allocated, allocated + extra, paged)

    assert allocated < device.low < device.likely < device.high


def test_where_everything_is_used_again_only_the_context_is_added_to_the_low_end():
    device = device_bytes(10**10, 10**10)

    assert device.low == 10**10 + CONTEXT_BYTES[0]
    assert device.likely == 10**10 + CONTEXT_BYTES[1]


def test_logits_that_no_later_phase_can_use_widen_the_range():
    settings = {"method": "qlora", "micro_batch": 8, "sequence_length": 4096}
    model = architecture("llama-3-8b")

    whole = estimate(model, TrainingSettings(**settings, loss="fused")).device_bytes
    chunked = estimate(model, TrainingSettings(**settings, loss="chunked")).device_bytes

    assert whole.high - whole.low > chunked.high - chunked.low


def test_paged_states_are_in_the_high_end_only():
    without, with_states = device_bytes(10**10, 10**10), device_bytes(10**10, 10**10, 10**9)

    assert with_states.likely == without.likely
    assert with_states.high == without.high + 10**9
    assert "paged" in with_states.reasons[-1]

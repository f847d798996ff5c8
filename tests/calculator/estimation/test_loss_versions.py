"""What transformers' loss takes per token and vocabulary entry, by version.

From loss/loss_utils.py of transformers 4.46 to 5, and modeling_llama.py before: 16-bit logits (2
bytes), fp32 ones (4), their shifted copy before 4.50 (4), log-softmax (4).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate
from tests.calculator.estimation.architectures import architecture

LLAMA = architecture("llama-3-1-8b")
RUN = TrainingSettings("lora", sequence_length=4096)
ENTRIES = RUN.token_count * LLAMA.vocab_size


def _bytes_per_entry(**changes):
    # Hidden states and inputs come to a quarter of a byte.
    without = estimate(LLAMA, RUN).phases["loss"] - 12 * ENTRIES
    return (estimate(LLAMA, replace(RUN, **changes)).phases["loss"] - without) / ENTRIES


@pytest.mark.parametrize(
    ("loss", "version", "expected_bytes"),
    [
        ("standard", "4.50", 12),
        ("standard", "4.46", 14),
        ("standard", "4.45", 12),
        ("fused", "4.50", 6),
        ("fused", "4.46", 10),
        ("fused", "4.45", 8),
    ],
)
def test_bytes_per_entry(loss, version, expected_bytes):
    assert _bytes_per_entry(loss=loss, loss_version=version) == pytest.approx(
        expected_bytes, abs=0.25
    )


def test_kept_logits_are_there_until_the_backward_pass_is_done():
    kept, dropped = (
        estimate(LLAMA, replace(RUN, keeps_logits=keeps)).phases for keeps in (True, False)
    )

    assert kept["loss"] - dropped["loss"] == pytest.approx(2 * ENTRIES, rel=0.001)
    assert kept["backward"] - dropped["backward"] == pytest.approx(2 * ENTRIES, rel=0.001)
    assert kept["optimizer_step"] == dropped["optimizer_step"]

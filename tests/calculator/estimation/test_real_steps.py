"""The estimate against steps on real tensors: validation/real_steps.csv, bitsandbytes' included.

The quantised maps of these steps are bitsandbytes' own, not the stand-ins of the traces.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from calculator.estimation import estimate
from calculator.estimation.architectures.config_json import architecture_from_config
from validation.traced import settings_of_row
from validation.tracing.cases import SMALL_LLAMA

REAL_STEPS = Path(__file__).parents[3] / "validation" / "real_steps.csv"
UNTIED = architecture_from_config(
    {"model_type": "llama", **SMALL_LLAMA, "tie_word_embeddings": False}
)
TIED = replace(UNTIED, tied_embeddings=True)


def _rows():
    with REAL_STEPS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _error_of(row):
    architecture = TIED if row["method"] == "full" else UNTIED
    estimated = estimate(architecture, settings_of_row(row)).peak_allocated_bytes
    return estimated / int(row["real_bytes"]) - 1


def test_the_estimate_is_within_a_thousandth_of_steps_with_bitsandbytes_itself():
    rows = [row for row in _rows() if row["method"] == "qlora"]

    assert {row["quantization"] for row in rows} == {"nf4", "nf4_double", "int8"}
    assert {row["prepare_kbit"] for row in rows} == {"true", "false"}
    for row in rows:
        assert abs(_error_of(row)) <= 0.001, row


def test_the_stand_ins_take_what_bitsandbytes_takes():
    assert [row["traced_bytes"] for row in _rows()] == [row["real_bytes"] for row in _rows()]


def test_a_tied_heads_gradient_makes_a_third_tensor_unless_autocast_has_cast_the_weight():
    tied = {row["recipe"]: row for row in _rows() if row["method"] == "full"}

    assert {recipe: row["adds_in_place"] for recipe, row in tied.items()} == {
        "fp32": "false",
        "pure_bf16": "false",
        "bf16_autocast": "true",
    }
    for row in tied.values():
        assert abs(_error_of(row)) <= 0.002, row


@pytest.mark.parametrize("quantization", ["nf4_double", "int8"])
def test_widened_norms_make_the_layers_activations_wider_under_autocast(quantization):
    row = next(row for row in _rows() if row["gradient_checkpointing"] == "false")
    settings = replace(settings_of_row(row), quantization=quantization)

    prepared, plain = (
        estimate(UNTIED, replace(settings, prepare_kbit=prepared)).activation_bytes
        for prepared in (True, False)
    )

    assert prepared > 1.3 * plain


def test_eight_bit_maps_keep_their_inputs_despite_checkpointing():
    row = next(row for row in _rows() if row["gradient_checkpointing"] == "true")
    settings = replace(settings_of_row(row), prepare_kbit=False, lora_dropout=0.0)
    tokens, layers = settings.token_count, UNTIED.layer_count
    # bf16: q, k and v take one input, o another, gate and up a third, down a fourth.
    inputs_bytes = 2 * tokens * layers * (3 * UNTIED.hidden_size + UNTIED.intermediate_size)

    phases = {
        bits: estimate(UNTIED, replace(settings, quantization=bits)).phases["loss"]
        for bits in ("int8", "nf4_double")
    }
    packed_bytes = round(
        (1 - (0.5 + 1 / 64 + 4 / (64 * 256)))
        * layers
        * sum((2 * 512 * 512, 2 * 512 * 256, 3 * 512 * 1376))
    )

    assert phases["int8"] - phases["nf4_double"] == pytest.approx(
        inputs_bytes + packed_bytes, rel=0.01
    )

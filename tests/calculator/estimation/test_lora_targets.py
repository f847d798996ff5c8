"""LoRA targets that a model does not have are refused by name."""

from __future__ import annotations

import pytest

from calculator.estimation import SettingsError, TrainingSettings
from calculator.estimation.lora_targets import check_targets
from tests.calculator.estimation.architectures import architecture


def _error_of(slug: str, *targets: str) -> str:
    with pytest.raises(SettingsError) as refused:
        check_targets(architecture(slug), TrainingSettings("lora", lora_targets=targets))
    (error,) = refused.value.errors
    assert error.field == "lora_targets"
    return error.message


def test_one_unknown_target_among_known_ones_is_an_error_that_names_it():
    message = _error_of("llama-3-1-8b", "q_proj", "foo")

    assert "which foo is not" in message
    assert "q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj" in message


def test_several_unknown_targets_are_all_named():
    assert "which q_proj, up_proj are not" in _error_of("phi-4-14b", "q_proj", "up_proj")


@pytest.mark.parametrize(
    ("slug", "targets"),
    [
        ("llama-3-1-8b", ("q_proj", "down_proj")),
        ("phi-4-14b", ("qkv_proj",)),
        ("mixtral-8x7b", ("q_proj", "w1", "w2", "w3")),
        ("qwen3-30b-a3b", ("gate_proj", "up_proj", "gate")),
    ],
)
def test_targets_that_the_model_has_are_taken(slug, targets):
    check_targets(architecture(slug), TrainingSettings("qlora", lora_targets=targets))


def test_experts_are_no_target_where_the_model_has_none():
    assert "which w1 is not" in _error_of("llama-3-1-8b", "q_proj", "w1")

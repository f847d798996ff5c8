"""What a change of the settings saves: always the difference of two estimates."""

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.savings import changes, largest_savings
from tests.calculator.estimation.architectures_of_tests import LLAMA_8B

WASTEFUL = TrainingSettings(
    use_dora=True,
    modules_to_save="embeddings_and_head",
    loss_version="4.46",
    eval_micro_batch=8,
    eval_keeps_logits=True,
    gradient_checkpointing=False,
    micro_batch=4,
    attention="eager",
    optimizer="adamw_foreach",
    quantization="int8",
    lora_dropout=0.1,
    keeps_logits=True,
)
METHODS = ("full", "lora", "qlora")


def words_of(settings: TrainingSettings, limit: int = 30) -> list[str]:
    return [s.change.words for s in largest_savings(LLAMA_8B, settings, limit=limit)]


@pytest.mark.parametrize("method", METHODS)
def test_a_saving_is_what_running_the_estimate_again_gives(method):
    settings = replace(WASTEFUL, method=method)
    now = estimate(LLAMA_8B, settings)

    for saving in largest_savings(LLAMA_8B, settings, limit=30):
        then = estimate(LLAMA_8B, saving.change.settings)

        assert saving.device_bytes == now.device_bytes.likely - then.device_bytes.likely
        assert saving.peak_allocated_bytes == now.peak_allocated_bytes - then.peak_allocated_bytes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("settings", [TrainingSettings(), WASTEFUL])
def test_the_largest_saving_comes_first_and_none_is_negligible(method, settings):
    settings = replace(settings, method=method)
    likely = estimate(LLAMA_8B, settings).device_bytes.likely

    saved = [s.device_bytes for s in largest_savings(LLAMA_8B, settings)]

    assert 1 <= len(saved) <= 4
    assert saved == sorted(saved, reverse=True)
    assert min(saved) >= likely / 100


def test_without_checkpointing_a_long_lora_run_saves_most_by_turning_it_on():
    settings = TrainingSettings(method="lora", gradient_checkpointing=False, micro_batch=8)

    assert words_of(settings)[0] == "Turn gradient checkpointing on"


def test_what_is_in_use_already_is_not_proposed():
    lean = TrainingSettings(
        method="qlora", loss="chunked", kernels="fused", optimizer="paged_adamw_8bit"
    )

    words = " ".join(words_of(lean))

    assert "checkpointing" not in words
    assert "chunks" not in words
    assert "fused" not in words
    assert "8-bit" not in words
    assert "double quantisation" not in words


def test_what_the_step_holds_can_go_to_the_host_or_step_at_once():
    long_run = TrainingSettings(method="full", recipe="pure_bf16", micro_batch=4)

    changed = [c.settings for c in changes(LLAMA_8B, long_run)]

    assert replace(long_run, activation_offload="checkpoints") in changed
    assert replace(long_run, optimizer_in_backward=True) in changed
    accumulating = replace(long_run, gradient_accumulation=4)
    assert not any(c.settings.optimizer_in_backward for c in changes(LLAMA_8B, accumulating))


def test_dora_and_gathered_logits_are_named_where_they_cost():
    words = " ".join(words_of(replace(WASTEFUL, method="lora", eval_micro_batch=64)))

    assert "without gathering logits" in words


def test_halving_names_both_figures():
    settings = TrainingSettings(method="full", micro_batch=8, sequence_length=8192)

    words = words_of(settings)

    assert "Use a micro-batch of 4 instead of 8" in words
    assert "Cut sequences to 4,096 tokens instead of 8,192" in words


def test_one_sequence_of_one_token_is_not_halved():
    words = [
        change.words
        for change in changes(LLAMA_8B, TrainingSettings(micro_batch=1, sequence_length=1))
    ]

    assert not any("micro-batch" in text or "Cut sequences" in text for text in words)


def test_for_each_adamw_is_named_where_its_temporaries_are_the_peak():
    settings = TrainingSettings(method="full", recipe="pure_bf16", optimizer="adamw_foreach")

    saving = next(
        s for s in largest_savings(LLAMA_8B, settings, limit=30) if "for-each" in s.change.words
    )

    # One more copy of the second moments in bf16, against two of the largest tensor's: the
    # embedding of 128,256 × 4,096.
    saved = 2 * 8_030_261_248 - 2 * 2 * 128_256 * 4_096
    assert saving.peak_allocated_bytes == pytest.approx(saved, rel=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_every_change_changes_the_settings_and_says_what_it_costs(method):
    settings = replace(WASTEFUL, method=method)

    for change in changes(LLAMA_8B, settings):
        assert change.settings != settings
        assert change.words
        assert change.cost.endswith(".")

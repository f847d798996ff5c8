"""The mapping of measured runs to settings, through its public face."""

from __future__ import annotations

from statistics import median

import pytest

from calculator.estimation.units import GIB
from validation.measured import Comparable, NotComparable, comparison_of, read_runs
from validation.measured.report import Prediction, prediction_of

RUNS = {run.id: run for run in read_runs()}


def compared(run_id: str) -> Comparable:
    result = comparison_of(RUNS[run_id])
    assert isinstance(result, Comparable), result
    return result


def test_all_runs_are_read_and_named_once():
    assert len(read_runs()) == 708
    assert len(RUNS) == 708


def test_every_run_is_mapped_or_left_out_with_a_reason():
    results = [comparison_of(run) for run in RUNS.values()]

    left_out = [result for result in results if isinstance(result, NotComparable)]
    assert len(results) - len(left_out) > 400
    assert all(result.reason.endswith(".") for result in left_out)


def test_every_run_links_to_where_it_was_published():
    assert all(run.repository_url.startswith("https://") for run in RUNS.values())


def test_pytorch_default_adamw_of_the_trainer_is_the_foreach_one():
    # transformers' adamw_torch builds torch.optim.AdamW, which runs for-each on CUDA.
    assert compared("fms-035").settings.optimizer == "adamw_foreach"


def test_bf16_without_autocast_keeps_fp32_adapters_of_peft():
    settings = compared("fms-035").settings

    assert (settings.recipe, settings.adapter_precision) == ("pure_bf16", "fp32")
    assert settings.lora_targets == ("q_proj", "k_proj", "v_proj", "o_proj")


def test_only_the_baseline_prepares_for_kbit_training():
    assert compared("fms-057").settings.prepare_kbit is True
    assert compared("fms-077").settings.prepare_kbit is False


def test_the_loss_is_that_of_the_runs_transformers():
    assert compared("fms-057").settings.loss_version == "4.46"  # 4.48.1
    assert compared("fms-265").settings.loss_version == "4.45"  # 4.45.2
    assert compared("fitcheck-010").settings.loss_version == "4.50"  # 5


def test_a_hand_written_loop_keeps_its_logits():
    assert compared("fitcheck-010").settings.keeps_logits is True


def test_eager_attention_is_kept_apart_from_flash():
    assert compared("fitcheck-001").settings.attention == "eager"
    assert compared("fms-035").settings.attention == "sdpa"


@pytest.mark.parametrize(
    ("run_id", "figure"),
    [
        ("fms-035", "allocated"),
        ("fmssmi-001", "device"),
        ("fitcheck-002", "reserved"),
        ("qwen-003", "unstated"),
    ],
)
def test_a_run_is_compared_with_the_figure_that_its_counter_shows(run_id, figure):
    assert compared(run_id).figure == figure


def test_figures_that_are_sums_over_gpus_are_divided():
    run = next(run for run in RUNS.values() if run.id.startswith("qwen") and run.gpu_count == 4)

    result = compared(run.id)

    assert result.low_bytes == run.low_bytes // 4


@pytest.mark.parametrize(
    ("run_id", "word"),
    [
        ("unsloth-001", "cap"),
        ("peft99-001", "cap"),
        ("torchtune-017", "Rank and targets"),
        ("peft99-017", "optimizer"),
        ("torchao-001", "micro-batch"),
        ("litgpt-048", "fp32"),
    ],
)
def test_a_run_whose_inputs_are_not_known_or_not_modelled_says_so(run_id, word):
    result = comparison_of(RUNS[run_id])

    assert isinstance(result, NotComparable)
    assert word in result.reason


def test_what_a_setting_can_state_is_not_left_out():
    assert compared("torchtune-030").settings.optimizer_in_backward
    assert compared("torchtune-026").settings.activation_offload == "saved_tensors"
    assert compared("qwen-036").settings.modules_to_save == "embeddings_and_head"
    assert compared("qwen-036").settings.lora_targets == ("c_attn", "c_proj", "w1", "w2")
    assert compared("axolotl-035").settings.optimizer == "adamw_torchao_4bit"


def test_the_24_mixtral_runs_with_a_quantised_base_are_back_and_right():
    runs = [run for run in RUNS.values() if "Mixtral-8x7B" in run.model and run.method == "qlora"]

    found = [prediction_of(compared(run.id)) for run in runs]

    assert len(found) == 24
    errors = [
        abs(item.error_fraction)
        for item in found
        if isinstance(item, Prediction)
        and item.comparable.figure == "allocated"
        and item.comparable.gpu_count == 1
    ]
    assert len(errors) == 7
    assert max(errors) < 0.05
    assert median(errors) < 0.02


def test_the_best_evidence_is_complete_trusted_and_on_one_gpu():
    best = [
        result
        for run in RUNS.values()
        if isinstance(result := comparison_of(run), Comparable) and result.is_best_evidence
    ]

    assert sum(result.figure == "allocated" for result in best) >= 70
    assert {result.gpu_count for result in best} == {1}


def test_bytes_follow_from_gib():
    assert RUNS["fms-001"].low_bytes == round(10.494 * GIB)

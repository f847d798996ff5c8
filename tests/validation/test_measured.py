"""The mapping of measured runs to settings, through its public face."""

from __future__ import annotations

import pytest

from calculator.estimation.units import GIB
from validation.measured import Comparable, NotComparable, comparison_of, read_runs

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
        ("torchtune-017", "offloaded"),
        ("torchtune-030", "inside the backward pass"),
        ("torchao-001", "micro-batch"),
        ("fms-061", "experts"),
        ("litgpt-048", "fp32"),
    ],
)
def test_a_run_whose_inputs_are_not_known_or_not_modelled_says_so(run_id, word):
    result = comparison_of(RUNS[run_id])

    assert isinstance(result, NotComparable)
    assert word in result.reason


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

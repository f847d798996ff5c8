"""What explains a measured figure: a run's own changes are found again from its figure alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate, explaining
from calculator.estimation.differences import DIFFERENCES
from calculator.estimation.explaining import (
    MOST_ESTIMATES,
    NEAR_FRACTION,
    differences,
    explain,
    explain_out_of_memory,
    figure_of,
)
from calculator.estimation.units import GIB
from tests.calculator.estimation.architectures import architecture

LLAMA = architecture("llama-3-1-8b")
QWEN_MOE = architecture("qwen3-30b-a3b")
GEMMA = architecture("gemma-2-9b")
METHODS = ("full", "lora", "qlora")
KINDS = ("allocated", "reserved", "device")


def changes_of(found):
    return [tuple(change.words for change in each.changes) for each in found]


def measured(settings, kind, of=LLAMA):
    return figure_of(estimate(of, settings), kind).likely


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gradient_checkpointing": False}, "gradient checkpointing was off"),
        ({"attention": "eager"}, "attention was eager"),
        ({"micro_batch": 4}, "the micro-batch was 4, not 2"),
        ({"sequence_length": 8192}, "sequences had 8,192 tokens, not 4,096"),
        ({"method": "lora"}, "the base was not quantised (LoRA)"),
        (
            {"eval_micro_batch": 8, "eval_keeps_logits": True},
            "an evaluation ran, 8 sequences at a time, and gathered the logits for metrics",
        ),
    ],
)
def test_the_change_of_a_run_is_found_from_its_figure(kind, changed, words):
    settings = TrainingSettings(
        method="qlora", micro_batch=2, sequence_length=4096, loss="chunked"
    )
    seen = measured(replace(settings, **changed), kind)

    assert (words,) in changes_of(explain(LLAMA, settings, kind, seen))


def test_experts_that_were_widened_are_found():
    settings = TrainingSettings(method="qlora")
    seen = measured(replace(settings, experts="widened"), "allocated", QWEN_MOE)

    (first, *_) = explain(QWEN_MOE, settings, "allocated", seen)

    assert first.settings == replace(settings, experts="widened")


@pytest.mark.parametrize(
    "changed",
    [
        {"gradient_checkpointing": False, "micro_batch": 4},
        {"gradient_checkpointing": False, "attention": "eager"},
    ],
)
def test_two_changes_are_found_where_none_does_alone(changed):
    settings = TrainingSettings(method="lora", micro_batch=2)
    seen = measured(replace(settings, **changed), "allocated")

    found = explain(LLAMA, settings, "allocated", seen)

    assert replace(settings, **changed) in [each.settings for each in found]
    assert max(len(each.changes) for each in found) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("times", [0.7, 1.2, 1.5, 2.5])
def test_explanations_are_near_few_and_of_fewest_changes_first(method, times):
    settings = TrainingSettings(method=method, micro_batch=2)
    now = measured(settings, "device")
    seen = round(times * now)

    found = explain(LLAMA, settings, "device", seen)

    assert len(found) <= 5
    assert [len(e.changes) for e in found] == sorted(len(e.changes) for e in found)
    for each in found:
        assert abs(each.figure.likely - seen) <= NEAR_FRACTION * seen
        assert each.figure == figure_of(estimate(LLAMA, each.settings), "device")
        assert (each.figure.likely > now) == (seen > now)


def test_a_figure_that_nothing_explains_has_no_explanation():
    settings = TrainingSettings(method="full")

    assert explain(LLAMA, settings, "allocated", 10**15) == ()


def test_running_out_of_memory_is_explained_by_runs_that_need_more_than_the_card():
    settings = TrainingSettings(method="qlora", micro_batch=4)
    card = 24 * GIB

    found = explain_out_of_memory(LLAMA, settings, card)

    assert changes_of(found)[0] == ("gradient checkpointing was off",)
    assert all(each.figure.likely > card for each in found)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", [LLAMA, QWEN_MOE, GEMMA], ids=["llama", "mixture", "windows"])
@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"gradient_checkpointing": False, "micro_batch": 4},
        {"loss": "chunked", "sequence_length": 8192},
        {"kernels": "fused", "keeps_logits": True},
    ],
)
def test_a_difference_moves_the_figure_the_way_that_it_says(method, model, typed):
    settings = TrainingSettings(method=method, **typed)
    now = measured(settings, "allocated", model)
    both = {upward: list(differences(model, settings, upward=upward)) for upward in (True, False)}

    for upward, sign in ((True, 1), (False, -1)):
        one_way = [change for change in both[upward] if change not in both[not upward]]
        assert one_way
        for change in one_way:
            moved = measured(change.made_in(settings), "allocated", model) - now
            assert sign * moved > -0.01 * now, change.words


def test_every_difference_can_be_made_and_changes_its_setting():
    reachable = set()
    for method in METHODS:
        for typed in ({}, {"keeps_logits": True, "adapter_precision": "bf16", "micro_batch": 4}):
            settings = TrainingSettings(method=method, lora_targets=("q_proj",), **typed)
            for change in (
                *differences(QWEN_MOE, settings, upward=True),
                *differences(QWEN_MOE, settings, upward=False),
            ):
                made = change.made_in(settings)
                assert getattr(made, change.setting) != getattr(settings, change.setting)
                reachable.add(change.setting)

    assert reachable == {each.setting for each in DIFFERENCES}


def test_a_question_costs_a_bounded_number_of_estimates(monkeypatch):
    count = 0

    def counting(*arguments):
        nonlocal count
        count += 1
        return estimate(*arguments)

    monkeypatch.setattr(explaining, "estimate", counting)
    for method in METHODS:
        settings = TrainingSettings(method=method, micro_batch=4)
        for times in (0.5, 1.3, 3):
            seen = round(times * measured(settings, "device", QWEN_MOE))
            count = 0
            explain(QWEN_MOE, settings, "device", seen)
            assert count <= MOST_ESTIMATES

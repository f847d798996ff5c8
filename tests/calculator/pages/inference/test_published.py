"""Every published figure that is followed is met, and one that is not says why."""

from __future__ import annotations

from statistics import median

import pytest

from calculator.pages.inference.published import published_figures
from tests.calculator.estimation.architectures import architecture

LARGEST_ERROR = 0.05
LARGEST_MEDIAN_ERROR = 0.01
FIGURES = published_figures()


def error_of(figure) -> float:
    return abs(figure.estimated(architecture(figure.model)) / figure.published - 1)


@pytest.mark.parametrize(
    "figure",
    [each for each in FIGURES if each.is_followed],
    ids=lambda each: f"{each.model}-{each.quantity}-{each.weights.slug}-{each.published:g}",
)
def test_a_published_figure_is_met(figure):
    assert error_of(figure) <= LARGEST_ERROR


def test_half_of_them_are_met_within_a_hundredth():
    assert median(error_of(each) for each in FIGURES if each.is_followed) <= LARGEST_MEDIAN_ERROR


def test_figures_that_are_not_followed_are_few_and_say_why():
    left = [each for each in FIGURES if not each.is_followed]

    assert len(left) <= 3
    assert all(each.note and error_of(each) > LARGEST_ERROR for each in left)


def test_every_quantity_and_runtime_is_held_to_something():
    followed = [each for each in FIGURES if each.is_followed]

    assert {each.quantity for each in followed} == {
        "file", "weights", "kv_per_token", "cache", "state", "workspace", "allocated",
    }  # fmt: skip
    assert {each.settings.runtime for each in followed} == {"vllm", "llama.cpp", "transformers"}

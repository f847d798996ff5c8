"""Every model's formula against its published files, to the parameter."""

from __future__ import annotations

import csv
from functools import cache

import pytest

from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.published_files import EXTRAS

from .architectures import MODELS, all_architectures

# Buffers of fine-grained rotary settings that we could not count: 0.0000003 % and 0.00001 %.
NOT_COUNTED = {"kimi-k2-1t-a32b": 3_416, "moonlight-16b-a3b": 1_728}


@cache
def rows() -> dict[str, dict[str, str]]:
    with MODELS.open(encoding="utf-8", newline="") as file:
        return {row["slug"]: row for row in csv.DictReader(file)}


@cache
def extras() -> dict[str, list[str]]:
    path = MODELS.with_name("published_extras.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["slug"]: row["extras"].split() for row in csv.DictReader(file)}


def test_the_formula_and_what_the_files_hold_besides_give_every_published_count_exactly():
    differences = {}
    for slug, architecture in all_architectures().items():
        context_length = int(rows()[slug]["max_position_embeddings"] or 0)
        computed = count_parameters(architecture).total_count + sum(
            EXTRAS[name].count(architecture, context_length) for name in extras().get(slug, [])
        )
        published = int(rows()[slug]["params_published_checkpoint"])
        if computed != published:
            differences[slug] = published - computed

    assert differences == NOT_COUNTED


def test_the_catalogs_count_is_the_formulas():
    wrong = {
        slug: (row["params_total"], count_parameters(all_architectures()[slug]).total_count)
        for slug, row in rows().items()
        if slug in all_architectures()
        and int(row["params_total"]) != count_parameters(all_architectures()[slug]).total_count
    }

    assert wrong == {}


def test_every_computed_model_of_dense_layers_uses_all_its_parameters():
    wrong = [
        slug
        for slug, row in rows().items()
        if row["architecture"] == "dense" and row["params_active"] != row["params_total"]
    ]

    assert wrong == []


def test_what_explains_a_difference_is_known_and_belongs_to_a_model():
    assert set(extras()) <= set(all_architectures())
    assert {name for names in extras().values() for name in names} == set(EXTRAS)


@pytest.mark.parametrize(
    ("slug", "billions"),
    [
        ("qwen3-5-27b", 27.357),  # https://huggingface.co/Qwen/Qwen3.5-27B, less its MTP layer
        ("gpt-2-124m", 0.124),  # Radford et al. 2019 as corrected: 124M
        ("pythia-12b", 11.846),  # Biderman et al. 2023, table 1: 11,846,072,320
        ("deepseek-v3-671b-a37b", 671.026),  # arXiv 2412.19437: 671B
    ],
)
def test_known_counts_of_papers(slug, billions):
    count = count_parameters(all_architectures()[slug]).total_count

    assert count / 1e9 == pytest.approx(billions, abs=0.0006)


def table_of_differences() -> list[str]:
    """The table of docs/parameter-counts.md: models whose files hold over 1 % more or less."""
    lines = []
    for slug, architecture in all_architectures().items():
        computed = count_parameters(architecture).total_count
        published = int(rows()[slug]["params_published_checkpoint"])
        if abs(published / computed - 1) > 0.01:
            words = "; ".join(EXTRAS[name].words for name in extras()[slug])
            name = rows()[slug]["display_name"]
            percent = (published / computed - 1) * 100
            lines.append(f"| {name} | {computed:,} | {published:,} | {percent:+.1f} % | {words} |")
    return lines


def test_the_documentation_lists_every_model_that_is_off_by_more_than_one_percent():
    text = (MODELS.parents[2] / "docs" / "parameter-counts.md").read_text(encoding="utf-8")

    listed = [line for line in text.splitlines() if line.startswith("| ") and "%" in line]
    assert listed == table_of_differences()

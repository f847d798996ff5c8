"""Popular models by method on one card: which fit, which are tight, which are too small for it."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.setups import runs_on
from calculator.catalog import Catalog
from calculator.estimation.typical_run import TYPICAL_METHODS, TYPICAL_TOKENS_COUNT
from calculator.estimation.verdict import VERDICT_WORDS, verdict
from calculator.pages.my_gpu.popular import PopularModel, popular_models
from calculator.question.own_gpu import OwnGpu
from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import format_count, format_likely
from calculator.words.methods import METHOD_NAMES
from gpus.specs import GpuSpec


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A model by one method: the verdict, what it takes, and the estimate that shows it."""

    slug: str
    word: str
    figure: str
    url: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    name: str
    parameters: str
    cells: tuple[MatrixCell | None, ...]
    """None where the method does not run on the GPU's software."""


@dataclass(frozen=True, slots=True)
class MatrixView:
    methods: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    tokens: str


def matrix_view(catalog: Catalog, gpu: GpuSpec) -> MatrixView:
    """One card and a typical run of each model: nothing in it depends on the question."""
    return MatrixView(
        methods=tuple(METHOD_NAMES[method] for method in TYPICAL_METHODS),
        rows=tuple(_row(each, gpu) for each in popular_models(catalog)),
        tokens=f"{TYPICAL_TOKENS_COUNT:,}",
    )


def _row(popular: PopularModel, gpu: GpuSpec) -> MatrixRow:
    query = {"model": popular.model.slug, **OwnGpu(gpu).query}
    url = with_query(path_of("calculator:training"), query)
    return MatrixRow(
        name=popular.model.name,
        parameters=format_count(popular.model.params_total_count),
        cells=tuple(_cell(popular, method, gpu, url) for method in TYPICAL_METHODS),
    )


def _cell(popular: PopularModel, method: str, gpu: GpuSpec, url: str) -> MatrixCell | None:
    if not runs_on(gpu, method):
        return None
    device = popular.device_bytes[method]
    found = verdict(device, gpu.usable_bytes)
    return MatrixCell(
        slug=found,
        word=VERDICT_WORDS[found],
        figure=format_likely(device),
        url=f"{url}#card-{method}",
    )

"""Popular models by method on one card: which fit, which are tight, which are too small for it."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.setups import runs_on
from calculator.catalog import Catalog
from calculator.estimation.typical_run import TYPICAL_METHODS, TYPICAL_TOKENS_COUNT
from calculator.estimation.verdict import VERDICT_WORDS, verdict
from calculator.pages.my_gpu.popular import PopularModel, popular_models
from calculator.question.own_gpu import OwnGpu
from calculator.words.addresses import comparison_of, path_of, with_query
from calculator.words.formatting import format_count, format_gb, format_likely
from calculator.words.methods import METHOD_NAMES
from gpus.specs import GpuSpec

# Fewer are not worth a tap.
LEAST_FOLDED = 3


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A model by one method: the verdict, what it takes, and the estimate that shows it.

    add_url: a comparison of that run, which a script adds to the last that was seen.
    """

    method: str
    slug: str
    word: str
    figure: str
    url: str
    add_url: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    name: str
    parameters: str
    url: str
    cells: tuple[MatrixCell | None, ...]
    """None where the method does not run on the GPU's software."""

    @property
    def is_held(self) -> bool:
        """Whether one method at least fits, if only just."""
        return any(cell is not None and cell.slug != "too_small" for cell in self.cells)


@dataclass(frozen=True, slots=True)
class MatrixView:
    """Models from the smallest up; those beyond what the card holds by any method are folded."""

    methods: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    folded_rows: tuple[MatrixRow, ...]
    folded: str
    tokens: str
    usable: str


def matrix_view(catalog: Catalog, gpu: GpuSpec) -> MatrixView:
    """One card and a typical run of each model: nothing in it depends on the question."""
    rows = tuple(_row(each, gpu) for each in popular_models(catalog))
    held_count = max((at for at, row in enumerate(rows, start=1) if row.is_held), default=0)
    # The first that no method holds stays in sight, as the end of what the card can do.
    shown_count = held_count + 1
    if len(rows) - shown_count < LEAST_FOLDED:
        shown_count = len(rows)
    folded_rows = rows[shown_count:]
    return MatrixView(
        methods=tuple(METHOD_NAMES[method] for method in TYPICAL_METHODS),
        rows=rows[:shown_count],
        folded_rows=folded_rows,
        folded=f"{len(folded_rows)} larger models, for which it is too small by every method",
        tokens=f"{TYPICAL_TOKENS_COUNT:,}",
        usable=format_gb(gpu.usable_bytes),
    )


def _row(popular: PopularModel, gpu: GpuSpec) -> MatrixRow:
    own = OwnGpu(gpu).query
    query = {"model": popular.model.slug, **own}
    url = with_query(path_of("calculator:training"), query)
    return MatrixRow(
        name=popular.model.name,
        parameters=format_count(popular.model.params_total_count),
        url=with_query(path_of("calculator:model", popular.model.slug), own),
        cells=tuple(_cell(popular, method, gpu, url) for method in TYPICAL_METHODS),
    )


def _cell(popular: PopularModel, method: str, gpu: GpuSpec, url: str) -> MatrixCell | None:
    if not runs_on(gpu, method):
        return None
    device = popular.device_bytes[method]
    found = verdict(device, gpu.usable_bytes)
    run = {"model": popular.model.slug, "method": method, **OwnGpu(gpu).query}
    return MatrixCell(
        method=METHOD_NAMES[method],
        slug=found,
        word=VERDICT_WORDS[found],
        figure=format_likely(device),
        url=f"{url}#card-{method}",
        add_url=comparison_of(run),
    )

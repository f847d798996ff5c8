"""A precise card: the card's bytes and their range, what they hold, when, and what would save."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from calculator.answer.precise import NO_COUNT_HOLDS_IT, PreciseResult
from calculator.estimation import Estimate
from calculator.estimation.held_experts import qlora_beside_lora
from calculator.estimation.units import GB
from calculator.pages.calculator.beside.minimum import minimum_words, smaller_but_tight
from calculator.pages.calculator.beside.own_gpu import OwnGpuView, OwnVerdictView
from calculator.pages.calculator.beside.savings import SavingView, present_savings, savings_note
from calculator.pages.calculator.cards import (
    AlternativeView,
    figure_and_unit,
    minimum_label,
    minimum_note,
    present_alternatives,
)
from calculator.pages.calculator.links import Links
from calculator.question.cluster import cluster_query
from calculator.question.training_form import Run
from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import (
    SMALLEST_PART_BYTES,
    format_count,
    format_gb,
    format_likely,
    format_part,
    format_range,
    gib_words,
)
from calculator.words.parts import PASSING, kind_of

PHASE_WORDS = {
    "forward": ("Forward", "at the end of the forward pass"),
    "loss": ("Loss", "while the loss is computed"),
    "backward": ("Backward", "in the backward pass"),
    "optimizer_step": ("Optimizer", "in the optimizer step"),
    "evaluation": ("Evaluation", "in an evaluation batch"),
}
RESIDENT = ("weights", "adapters", "optimizer_states")
TIMELINE_HEIGHT = 56
COLUMN_GAP_PERCENT = 2.0


@dataclass(frozen=True, slots=True)
class PrecisePartView:
    label: str
    memory: str
    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One column of the timeline, in pixels from the top and percent of the width."""

    slug: str
    words: str
    memory: str
    is_peak: bool
    x: str
    width: str
    middle_x: str
    y: int
    height: int
    resident_y: int
    resident_height: int


@dataclass(frozen=True, slots=True)
class PreciseCardView:
    slug: str
    name: str
    figure: str
    unit: str
    range: str
    rule_of_thumb: str
    peak: str
    peak_when: str
    overhead: str
    minimum: str | None
    minimum_note: str
    gb_note: str
    """Where the figure is above the GB that the smallest card is sold with."""
    minimum_words: str
    host: str
    host_range: str
    """Host memory of a node, where a cluster is stated."""
    shortfall: str
    tight: str
    parts: tuple[PrecisePartView, ...]
    phases: tuple[PhaseView, ...]
    parameters: str
    assumptions: tuple[str, ...]
    reasons: tuple[str, ...]
    formula_version: str
    alternatives: tuple[AlternativeView, ...]
    why_url: str
    export_url: str
    own: OwnVerdictView | None
    made_remarks: Callable[[], tuple[str, ...]]
    made_savings: Callable[[], tuple[SavingView, ...]]
    made_smaller_but_tight: Callable[[], str]
    """What takes further estimates, made where it is printed: a picture shows the figure alone."""

    @property
    def remarks(self) -> tuple[str, ...]:
        return self.made_remarks()

    @property
    def smaller_but_tight(self) -> str:
        return self.made_smaller_but_tight()

    @property
    def savings(self) -> tuple[SavingView, ...]:
        return self.made_savings()

    @property
    def savings_note(self) -> str:
        """Where no single change would make the run fit the visitor's own GPU."""
        return savings_note(self.savings, self.own)


def present_precise_card(
    result: PreciseResult,
    run: Run,
    links: Links,
    today: dt.date | None,
    own: OwnGpuView | None = None,
) -> PreciseCardView:
    found = result.estimate
    figure, unit = figure_and_unit(result)
    thumb = result.rule_of_thumb_bytes
    host = None if result.cluster is None else result.cluster.host
    verdict = None if own is None else own.verdict_on(result.slug)
    return PreciseCardView(
        slug=result.slug,
        name=result.name,
        figure=figure,
        unit=unit,
        range=format_range(*result.range_bytes),
        rule_of_thumb="" if thumb is None else format_gb(thumb),
        peak=format_gb(found.peak_allocated_bytes),
        peak_when=PHASE_WORDS[found.peak_phase][1],
        overhead=format_gb(max(0, result.memory_bytes - found.peak_allocated_bytes)),
        minimum=minimum_label(result),
        minimum_note=minimum_note(result),
        gb_note=_gb_note(result),
        minimum_words=minimum_words(result.smallest),
        host="" if host is None else f"about {format_gb(host.likely)}",
        host_range="" if host is None else format_range(host.low, host.high),
        shortfall=_shortfall(result),
        tight=next(
            (
                found.run.verdict_sentence
                for found in (result.tight, result.smallest)
                if found is not None and found.is_tight
            ),
            "",
        ),
        parts=_parts(found),
        phases=_phases(found),
        parameters=_parameters(found),
        assumptions=result.assumptions,
        reasons=found.reasons,
        formula_version=found.formula_version,
        alternatives=present_alternatives(result, today),
        # The question is one about a single GPU.
        why_url=(
            with_query(path_of("calculator:why"), {**links.query_with(run), "method": result.slug})
            if result.cluster is None
            else ""
        ),
        export_url=with_query(
            path_of("calculator:export", "trl"),
            {**links.query_with(run), "method": result.slug, **_minimum_query(result)},
        ),
        own=verdict,
        made_remarks=cache(lambda: _remarks(result)),
        made_savings=cache(lambda: present_savings(result, run, links, own, verdict)),
        made_smaller_but_tight=cache(lambda: _smaller_but_tight(result)),
    )


def _minimum_query(result: PreciseResult) -> dict[str, str]:
    """How the minimum shares the run out, where no other cluster is stated."""
    if result.cluster is not None or result.smallest is None:
        return {}
    return cluster_query(result.smallest.run.sharding)


def _gb_note(result: PreciseResult) -> str:
    """“12.8 GB on 12 GB” is no mistake: cards are sold in GiB."""
    minimum = result.minimum
    if minimum is None or (minimum.gpu_count > 1 and result.cluster is None):
        return ""
    tier = minimum.tier
    if result.memory_bytes <= tier.memory_gb * GB:
        return ""
    return gib_words(tier.memory_gb, tier.capacity_bytes)


def _smaller_but_tight(result: PreciseResult) -> str:
    """Of a stated cluster no other is looked for."""
    if result.cluster is not None:
        return ""
    return smaller_but_tight(result.architecture, result.settings, result.smallest, result.tight)


def _shortfall(result: PreciseResult) -> str:
    """What to say where the run fits nowhere."""
    if result.smallest is not None:
        return ""
    if result.cluster is not None:
        return "No size of card here has room for its likely figure so."
    return (
        NO_COUNT_HOLDS_IT
        if result.tight is None
        else "No GPU count has room for its likely figure."
    )


def _remarks(result: PreciseResult) -> tuple[str, ...]:
    """What surprises of QLoRA: why it takes more than LoRA, and experts that stay wide."""
    if result.settings.method != "qlora" or result.cluster is not None:
        return ()
    beside = qlora_beside_lora(result.architecture, result.settings)
    remarks = [beside.reason] if beside.excess_bytes else []
    if beside.trap is not None:
        widened = beside.trap.experts == "widened"
        device = beside.trap.estimate.device_bytes
        outcome = "and k-bit preparation widens them to fp32" if widened else "in 16 bits"
        remarks.append(
            "This counts on a trainer that quantises the experts too, as Unsloth and Axolotl do."
            f" 4-bit loading of transformers 5 by itself leaves them out, {outcome}:"
            f" about {format_likely(device)}."
        )
    return tuple(remarks)


def _parts(found: Estimate) -> tuple[PrecisePartView, ...]:
    """The breakdown at the peak, as shares of the card's bytes; the rest of the bar is overhead.

    What is too small to be shown by itself is one part at the end.
    """
    total = max(found.device_bytes.likely, found.peak_allocated_bytes)
    parts = [
        (item.label, item.bytes, kind_of(item.component))
        for item in found.breakdown
        if item.bytes >= SMALLEST_PART_BYTES
    ]
    small = [item for item in found.breakdown if item.bytes < SMALLEST_PART_BYTES]
    if small:
        label = small[0].label if len(small) == 1 else "Smaller parts"
        parts.append((label, sum(item.bytes for item in small), PASSING))
    views = []
    before = 0
    for label, part_bytes, kind in parts:
        views.append(
            PrecisePartView(
                label=label,
                memory=format_part(part_bytes),
                x=f"{before * 100 / total:.2f}%",
                width=f"{part_bytes * 100 / total:.2f}%",
                kind=kind,
            )
        )
        before += part_bytes
    return tuple(views)


def _phases(found: Estimate) -> tuple[PhaseView, ...]:
    resident_bytes = sum(i.bytes for i in found.breakdown if i.component in RESIDENT)
    column = 100 / len(found.phases)
    views = []
    for position, (phase, phase_bytes) in enumerate(found.phases.items()):
        height = _pixels(phase_bytes, found)
        resident_height = min(height, _pixels(resident_bytes, found))
        views.append(
            PhaseView(
                slug=phase,
                words=PHASE_WORDS[phase][0],
                memory=format_gb(phase_bytes),
                is_peak=phase == found.peak_phase,
                x=f"{position * column + COLUMN_GAP_PERCENT:.2f}%",
                width=f"{column - 2 * COLUMN_GAP_PERCENT:.2f}%",
                middle_x=f"{(position + 0.5) * column:.2f}%",
                y=TIMELINE_HEIGHT - height,
                height=height,
                resident_y=TIMELINE_HEIGHT - resident_height,
                resident_height=resident_height,
            )
        )
    return tuple(views)


def _pixels(phase_bytes: int, found: Estimate) -> int:
    return max(1, round(TIMELINE_HEIGHT * phase_bytes / found.peak_allocated_bytes))


def _parameters(found: Estimate) -> str:
    """“8.03B parameters, of which 41.9 million are trained”."""
    total = f"{format_count(found.parameters_total_count)} parameters"
    if found.parameters_trainable_count >= found.parameters_total_count:
        return f"{total}, all trained"
    return f"{total}; {format_count(found.parameters_trainable_count)} trained"

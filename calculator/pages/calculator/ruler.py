"""The ruler: the ladder of memory tiers on a log scale, with the methods at their true place.

Everything is placed in percent of the width, so that one drawing serves a phone and a laptop
while its text keeps its size. Templates only print what stands here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from calculator.answer.precise import PreciseResult
from calculator.answer.rule_of_thumb import Fitted
from calculator.pages.calculator.headline import AUDIENCE_WORDS, setup_in_figures
from calculator.words.formatting import NO_BREAK_SPACE, format_figure, format_range
from gpus.fitting import Setup
from gpus.labels import setup_label
from gpus.specs import TierSpec

# The ends of the scale move in steps, so that the ladder stands still while sizes change.
LOWER_ENDS_GB = (4.0, 1.0, 0.2, 0.04)
UPPER_ENDS_GB = (1_600.0, 6_400.0, 51_200.0)
MULTIPLES = (2, 3, 4, 8, 16, 32, 64, 128, 256, 512)
MARGIN_PERCENT = 1.5
# A character of a label on a 360 px wide phone; nearer than their own width, two labels touch.
LABEL_CHARACTER_PERCENT = 2.5
LABEL_GAP_PERCENT = 0.8

LANE_HEIGHT = 38
LANE_LINE_Y = 27
TICK_LABEL_DROP = 22
BRACKET_DROP = 30
AUDIENCE_DROP = 45
BOTTOM = 58
# How far a bracket reaches beyond its first and its last tier.
BRACKET_REACH_PERCENT = 1.1


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str
    audience: str
    is_minimum: bool
    is_crowded: bool


@dataclass(frozen=True, slots=True)
class AudienceSpan:
    """The stretch of the ladder that one audience's cards take; `more` where there is room."""

    audience: str
    words: str
    more: str
    x: str
    width: str
    middle_x: str


@dataclass(frozen=True, slots=True)
class RangeMark:
    """The low and the high end of an estimate."""

    words: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One method on the ruler, in a lane of its own."""

    slug: str
    name: str
    memory: str
    range: RangeMark | None
    minimum: str
    text_alternative: str
    x: str
    width_to_end: str
    minimum_x: str | None
    is_tight_at_minimum: bool
    tight_x: str | None
    """A smaller card, on which it is tight."""
    label_is_left: bool
    line_y: int
    label_y: int


@dataclass(frozen=True, slots=True)
class Ruler:
    ticks: tuple[Tick, ...]
    spans: tuple[AudienceSpan, ...]
    marks: tuple[Mark, ...]
    height: int
    axis_y: int

    @property
    def has_tight(self) -> bool:
        return any(mark.tight_x or mark.is_tight_at_minimum for mark in self.marks)

    @property
    def tick_label_y(self) -> int:
        return self.axis_y + TICK_LABEL_DROP

    @property
    def bracket_y(self) -> int:
        return self.axis_y + BRACKET_DROP

    @property
    def audience_y(self) -> int:
        return self.axis_y + AUDIENCE_DROP


@dataclass(frozen=True, slots=True)
class LogScale:
    """GB → percent of the drawing's width."""

    low_gb: float
    high_gb: float

    def position(self, gigabytes: float) -> float:
        share = math.log(gigabytes / self.low_gb) / math.log(self.high_gb / self.low_gb)
        return MARGIN_PERCENT + share * (100 - 2 * MARGIN_PERCENT)


def draw_ruler(results: Sequence[Fitted], tiers: Iterable[TierSpec]) -> Ruler:
    ladder = [tier for tier in tiers if tier.is_on_ladder]
    scale = _scale(results, ladder)
    ticks = _ticks(scale, ladder, results)
    axis_y = LANE_HEIGHT * len(results) + 8
    return Ruler(
        ticks=ticks,
        spans=_audience_spans(scale, ladder),
        marks=tuple(_mark(scale, lane, result) for lane, result in enumerate(results)),
        height=axis_y + BOTTOM,
        axis_y=axis_y,
    )


def _scale(results: Sequence[Fitted], ladder: list[TierSpec]) -> LogScale:
    figures = [_gigabytes(r.memory_bytes) for r in results]
    figures += [_gigabytes(end) for r in results for end in r.range_bytes or ()]
    figures += [_gigabytes(setup.capacity_bytes) for r in results if (setup := _minimum(r))]
    figures += [_gigabytes(tier.capacity_bytes) for tier in ladder]
    lowest, highest = min(figures), max(figures)
    low = next((end for end in LOWER_ENDS_GB if end <= lowest), lowest)
    high = next((end for end in UPPER_ENDS_GB if end >= highest), highest)
    return LogScale(low, high * 1.05)


def _ticks(scale: LogScale, ladder: list[TierSpec], results: Sequence[Fitted]) -> tuple[Tick, ...]:
    minimums = {(setup.tier.memory_gb, setup.gpu_count) for r in results if (setup := _minimum(r))}
    # (GB, label, tier, count): the ladder, then the multiples of its largest multiplied tier.
    steps = [(_gigabytes(t.capacity_bytes), str(t.memory_gb), t, 1) for t in ladder]
    multiplied = _multiplied(ladder)
    if multiplied is not None:
        steps += [
            (_gigabytes(multiplied.capacity_bytes * n), f"{n}×", multiplied, n)
            for n in MULTIPLES
            if _gigabytes(multiplied.capacity_bytes * n) <= scale.high_gb
        ]
    steps.sort(key=lambda step: step[0])
    positions = [scale.position(gigabytes) for gigabytes, *_ in steps]
    is_minimum = [(tier.memory_gb, count) in minimums for _, _, tier, count in steps]
    crowded = _crowded(positions, [len(label) for _, label, *_ in steps], is_minimum)
    return tuple(
        Tick(
            x=_percent(position),
            label=label,
            audience=tier.audience,
            is_minimum=minimum,
            is_crowded=is_crowded,
        )
        for position, (_, label, tier, _), minimum, is_crowded in zip(
            positions, steps, is_minimum, crowded, strict=True
        )
    )


def _multiplied(ladder: list[TierSpec]) -> TierSpec | None:
    return max((t for t in ladder if t.may_be_multiplied), key=lambda t: t.memory_gb, default=None)


def _crowded(positions: list[float], lengths: list[int], keep_first: list[bool]) -> list[bool]:
    """Which labels have to give way on a phone; those that a method needs stay."""
    kept: list[int] = []
    crowded = [False] * len(positions)
    by_importance = sorted(range(len(positions)), key=lambda i: (not keep_first[i], i))
    for i in by_importance:
        if any(
            abs(positions[i] - positions[k])
            < LABEL_CHARACTER_PERCENT * (lengths[i] + lengths[k]) / 2 + LABEL_GAP_PERCENT
            for k in kept
        ):
            crowded[i] = True
        else:
            kept.append(i)
    return crowded


def _audience_spans(scale: LogScale, ladder: list[TierSpec]) -> tuple[AudienceSpan, ...]:
    spans = []
    multiplied = _multiplied(ladder)
    for audience, words in AUDIENCE_WORDS.items():
        tiers = [t for t in ladder if t.audience == audience]
        if not tiers:
            continue
        first = min(_gigabytes(t.capacity_bytes) for t in tiers)
        last = max(_gigabytes(t.capacity_bytes) for t in tiers)
        if any(t.may_be_multiplied for t in tiers):
            last = scale.high_gb
        start = max(scale.position(first) - BRACKET_REACH_PERCENT, 0)
        end = min(scale.position(last) + BRACKET_REACH_PERCENT, 100)
        spans.append(
            AudienceSpan(
                audience=audience,
                words=words.replace("data-center", "data center"),
                more=(
                    f", in multiples of {multiplied.memory_gb}{NO_BREAK_SPACE}GB"
                    if multiplied is not None and multiplied in tiers
                    else ""
                ),
                x=_percent(start),
                width=_percent(end - start),
                middle_x=_percent((start + end) / 2),
            )
        )
    return tuple(spans)


def _mark(scale: LogScale, lane: int, result: Fitted) -> Mark:
    position = scale.position(_gigabytes(result.memory_bytes))
    memory = format_figure(result.memory_bytes, result.range_bytes)
    minimum, tight = _minimum(result), _tight(result)
    mark = result.mark if isinstance(result, PreciseResult) else None
    is_tight = mark is not None and mark.is_tight
    top = lane * LANE_HEIGHT
    range_mark = _range_mark(scale, result)
    if minimum is None:
        short_minimum, long_minimum = "no setup", "no setup of this catalog holds it"
    else:
        short_minimum = setup_in_figures(minimum)
        long_minimum = f"smallest setup {setup_label(minimum)}"
        long_minimum += ", where it is tight" if is_tight else ""
    if tight is not None:
        long_minimum += f", tight on {setup_label(tight)}"
    return Mark(
        slug=result.slug,
        name=result.name,
        memory=memory,
        range=range_mark,
        minimum=short_minimum,
        text_alternative=_spoken(result, memory, range_mark, long_minimum),
        x=_percent(position),
        width_to_end=_percent(100 - position),
        minimum_x=(
            None
            if minimum is None
            else _percent(scale.position(_gigabytes(minimum.capacity_bytes)))
        ),
        is_tight_at_minimum=is_tight,
        tight_x=(
            None if tight is None else _percent(scale.position(_gigabytes(tight.capacity_bytes)))
        ),
        label_is_left=position > 50,
        line_y=top + LANE_LINE_Y,
        label_y=top + LANE_LINE_Y - 11,
    )


def _minimum(result: Fitted) -> Setup | None:
    """What is ringed: a stated cluster's figures are those of one card, and so is its ring."""
    if isinstance(result, PreciseResult):
        return None if result.mark is None else result.mark.setup
    return result.minimum


def _tight(result: Fitted) -> Setup | None:
    found = result.tight_mark if isinstance(result, PreciseResult) else None
    return None if found is None else found.setup


def _range_mark(scale: LogScale, result: Fitted) -> RangeMark | None:
    if result.range_bytes is None:
        return None
    low, high = (scale.position(_gigabytes(end)) for end in result.range_bytes)
    return RangeMark(format_range(*result.range_bytes), _percent(low), _percent(high - low))


def _spoken(result: Fitted, memory: str, range_mark: RangeMark | None, minimum: str) -> str:
    """“QLoRA 16.1 GB (14–20 GB), smallest setup …”"""
    between = f" ({range_mark.words})" if range_mark else ""
    return f"{result.name} {memory}{between}, {minimum}".replace(NO_BREAK_SPACE, " ")


def _gigabytes(memory_bytes: Decimal | int) -> float:
    return float(memory_bytes) / 1e9


def _percent(value: float) -> str:
    return f"{value:.2f}%"

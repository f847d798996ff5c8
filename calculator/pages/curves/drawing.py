"""The curves as the geometry of an SVG: log scales on both axes, labels beside what they name.

It is as wide as the page without being scaled, so that words keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import log10

from calculator.estimation.units import GB
from calculator.pages.curves.results import Curve
from gpus.specs import TierSpec

# Across, the drawing is as wide as the page: tenths of a percent of its width, which lines are
# stretched by and words and marks are placed by. Down, pixels.
WIDTH, HEIGHT = 1000, 440
LEFT, RIGHT, TOP, BOTTOM = 120, 130, 16, 44
LABEL_GAP = 17


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with the text that hovering shows: x in percent, y in pixels."""

    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One method: the likely figures as a line, the range as an area behind it."""

    method: str
    name: str
    points: str
    band: str
    marks: tuple[Mark, ...]
    label_y: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A tier's level in pixels, or a place on the axis in percent; every other one of those is
    left out where there is no room.
    """

    position: str
    label: str
    is_crowded: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    left: str
    right: str
    top: int
    bottom: int
    lines: tuple[Line, ...]
    tiers: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    own_x: str


class _Scale:
    """From a value to a place between two ends, on a log scale."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high, start, end

    def at(self, value: float) -> float:
        span = log10(self.high) - log10(self.low) or 1.0
        fraction = (log10(value) - log10(self.low)) / span
        return self.start + fraction * (self.end - self.start)


def draw(
    curves: Sequence[Curve],
    tiers: Iterable[TierSpec],
    names: dict[str, str],
    words: dict[tuple[str, Decimal], str],
    x_labels: dict[Decimal, str],
    own_x: Decimal,
) -> Drawing:
    """`words` has each point's hover text, `x_labels` the labels under the axis."""
    xs = [point.x for curve in curves for point in curve.points]
    lows = [point.low_bytes for curve in curves for point in curve.points]
    highs = [point.high_bytes for curve in curves for point in curve.points]
    across = _Scale(float(min(xs)), float(max(xs)), LEFT, WIDTH - RIGHT)
    up = _Scale(min(lows) / GB, max(highs) / GB, HEIGHT - BOTTOM, TOP)
    ends = {curve.method: up.at(curve.points[-1].likely_bytes / GB) for curve in curves}
    labels = _apart(ends)
    return Drawing(
        width=WIDTH,
        height=HEIGHT,
        left=_percent(LEFT),
        right=_percent(WIDTH - RIGHT),
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        lines=tuple(
            _line(curve, across, up, names[curve.method], labels[curve.method], words)
            for curve in curves
        ),
        tiers=_tier_lines(tiers, up),
        x_ticks=tuple(
            Tick(_percent(across.at(float(value))), label, is_crowded=position % 2 == 1)
            for position, (value, label) in enumerate(x_labels.items())
        ),
        own_x=_percent(across.at(float(own_x))) if min(xs) <= own_x <= max(xs) else "",
    )


def _line(
    curve: Curve,
    across: _Scale,
    up: _Scale,
    name: str,
    label_y: float,
    words: dict[tuple[str, Decimal], str],
) -> Line:
    def place(point_x: Decimal, amount: int) -> str:
        return f"{_px(across.at(float(point_x)))},{_px(up.at(amount / GB))}"

    band = [place(point.x, point.high_bytes) for point in curve.points]
    band += [place(point.x, point.low_bytes) for point in reversed(curve.points)]
    return Line(
        method=curve.method,
        name=name,
        points=" ".join(place(point.x, point.likely_bytes) for point in curve.points),
        band=" ".join(band),
        marks=tuple(
            Mark(
                _percent(across.at(float(point.x))),
                _px(up.at(point.likely_bytes / GB)),
                words[curve.method, point.x],
            )
            for point in curve.points
        ),
        label_y=_px(label_y),
    )


def _tier_lines(tiers: Iterable[TierSpec], up: _Scale) -> tuple[Tick, ...]:
    """The ladder's tiers within the picture, least memory first; those too close are left out."""
    lines: list[tuple[float, str]] = []
    for tier in sorted(tiers, key=lambda each: each.memory_gb):
        usable = tier.capacity_bytes / GB
        if tier.is_on_ladder and up.low <= usable <= up.high:
            y = up.at(usable)
            if not lines or lines[-1][0] - y >= LABEL_GAP * 0.7:
                lines.append((y, f"{tier.memory_gb} GB"))
    return tuple(Tick(_px(y), label) for y, label in lines)


def _apart(places: dict[str, float]) -> dict[str, float]:
    """Places of labels at least a line apart, as near to their own as that allows."""
    result: dict[str, float] = {}
    last = TOP - LABEL_GAP + 6.0
    for method, y in sorted(places.items(), key=lambda item: item[1]):
        last = max(y, last + LABEL_GAP)
        result[method] = last
    overflow = max(0.0, last - (HEIGHT - BOTTOM))
    return {method: y - overflow for method, y in result.items()}


def _px(value: float) -> str:
    return f"{value:.1f}"


def _percent(across: float) -> str:
    return f"{across * 100 / WIDTH:.2f}%"

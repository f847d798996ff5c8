"""Predicted against actual on log scales, as numbers for an SVG.

Horizontal places are in percent of the drawing's width, vertical ones in pixels, so that one
drawing serves a phone and a laptop while its text keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from calculator.estimation.units import GB
from calculator.pages.accuracy.records import AccuracyRow

HEIGHT = 440
TOP, BOTTOM = 12, 44
LEFT_PERCENT, RIGHT_PERCENT = 12.0, 98.0
BAND_FRACTION = 0.10
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class PlotTick:
    """A tick with its label: `x` on the lower axis, `y` on the left one."""

    label: str
    x: str
    y: str
    label_y: str


@dataclass(frozen=True, slots=True)
class PlotPoint:
    method: str
    x: str
    y: str
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """band: a polygon in a square of 100 × 100 over the field, y downwards."""

    height: int
    left: str
    width: str
    top: int
    field_height: int
    axis_y: int
    tick_label_y: int
    axis_label_y: int
    ticks: tuple[PlotTick, ...]
    points: tuple[PlotPoint, ...]
    band: str


def draw_plot(rows: Sequence[AccuracyRow], titles: Sequence[str]) -> Plot | None:
    """The plot of the rows, each point with its title; None without rows."""
    if not rows:
        return None
    figures = [row.actual_bytes / GB for row in rows] + [row.predicted_bytes / GB for row in rows]
    low, high = _end_below(min(figures)), _end_above(max(figures))
    span = math.log(high / low)

    def share(gigabytes: float) -> float:
        return math.log(gigabytes / low) / span

    def x(gigabytes: float) -> str:
        return f"{LEFT_PERCENT + share(gigabytes) * (RIGHT_PERCENT - LEFT_PERCENT):.2f}%"

    def y(gigabytes: float) -> float:
        return TOP + (1 - share(gigabytes)) * (HEIGHT - TOP - BOTTOM)

    return Plot(
        height=HEIGHT,
        left=f"{LEFT_PERCENT:g}%",
        width=f"{RIGHT_PERCENT - LEFT_PERCENT:g}%",
        top=TOP,
        field_height=HEIGHT - TOP - BOTTOM,
        axis_y=HEIGHT - BOTTOM,
        tick_label_y=HEIGHT - BOTTOM + 18,
        axis_label_y=HEIGHT - 6,
        ticks=tuple(
            PlotTick(f"{tick:g}", x(tick), f"{y(tick):.1f}", f"{y(tick) + 4:.1f}")
            for tick in _ticks(low, high)
        ),
        points=tuple(
            PlotPoint(
                method=row.method,
                x=x(row.actual_bytes / GB),
                y=f"{y(row.predicted_bytes / GB):.1f}",
                title=title,
            )
            for row, title in zip(rows, titles, strict=True)
        ),
        band=_band(span),
    )


def _band(span: float) -> str:
    """The stretch within ±10 % of 1:1: on log scales two lines parallel to it."""
    above = 100 * math.log(1 + BAND_FRACTION) / span
    below = 100 * -math.log(1 - BAND_FRACTION) / span
    corners = ((0, 100 - above), (100, -above), (100, below), (0, 100 + below))
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)


def _ticks(low: float, high: float) -> list[float]:
    ticks, decade = [], 10.0 ** math.floor(math.log10(low))
    while decade <= high * 1.001:
        ticks += [step * decade for step in STEPS if low <= step * decade * 1.001]
        decade *= 10
    return [tick for tick in ticks if tick <= high * 1.001]


def _end_below(value: float) -> float:
    decade = 10.0 ** math.floor(math.log10(value))
    return max(step * decade for step in (0.5, *STEPS) if step * decade < value)


def _end_above(value: float) -> float:
    decade = 10.0 ** math.floor(math.log10(value))
    return min(step * decade for step in (*STEPS, 10, 20) if step * decade > value)

"""How a GPU's prices moved, as the geometry of a small SVG and as words.

A price holds until somebody saw another one, so its line goes in steps. Where an offer was gone it
has a gap. Days are on a linear scale, and so are dollars, from nothing up: half the price is half the
height.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from calculator.words.formatting import format_day, format_usd
from gpus.presenters import PriceView, price_view
from gpus.prices.kinds import PriceKind
from gpus.specs import GpuSpec, Price, PriceSeries

WIDTH, HEIGHT = 400, 132
LEFT, RIGHT, TOP, BOTTOM = 8, 168, 12, 24
LABEL_GAP = 14

_Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """One kind at one provider. `place` tells lines apart by how they are dashed."""

    label: str
    label_y: str
    steps: tuple[str, ...]
    """A run of it for each time that it was offered."""
    unseen_since: str
    """Where it ends: from there to the newest day nobody saw another price."""
    end_y: str
    ends: tuple[tuple[str, str], ...]
    """Where the offer was gone: the end of a run."""
    marks: tuple[tuple[str, str], ...]
    place: int


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    left: int
    right: int
    bottom: int
    first_day: str
    last_day: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """What the prices to rent, or to buy, were. `rows` are the same as text, newest first."""

    title: str
    summary: str
    drawing: Drawing
    rows: tuple[PriceView, ...]


def price_histories(gpu: GpuSpec) -> tuple[PriceHistory, ...]:
    """To rent and to buy, where prices of more than one day are known."""
    rent = [each for each in gpu.price_series if PriceKind(each.kind_slug).is_rent]
    buy = [each for each in gpu.price_series if each not in rent]
    found = (("To rent, per hour", rent), ("To buy", buy))
    return tuple(_history(title, series) for title, series in found if len(set(_days(series))) > 1)


def _days(series: Sequence[PriceSeries]) -> Iterator[dt.date]:
    """All days on which something was seen, or seen to be gone."""
    for point in (point for each in series for point in each.points):
        yield point.checked_on
        if point.ended_on:
            yield point.ended_on


def _history(title: str, series: Sequence[PriceSeries]) -> PriceHistory:
    points = [point for each in series for point in each.points]
    newest_first = sorted(points, key=lambda point: point.checked_on, reverse=True)
    return PriceHistory(
        title=title,
        summary="; ".join(map(_in_words, series)),
        drawing=_draw(series, points),
        rows=tuple(map(price_view, newest_first)),
    )


def _in_words(series: PriceSeries) -> str:
    first, last = series.points[0], series.newest
    seen = _seen(last) if len(series.points) == 1 else f"{_seen(first)}, {_seen(last)}"
    ended = f", no longer offered since {format_day(series.ended_on)}" if series.ended_on else ""
    return f"{last.kind}: {seen}{ended}"


def _seen(price: Price) -> str:
    return f"{format_usd(price.usd)} on {format_day(price.checked_on)}"


def _draw(series: Sequence[PriceSeries], points: Sequence[Price]) -> Drawing:
    days = sorted(_days(series))
    first, last = days[0], days[-1]
    highest = max(point.usd for point in points)

    def x(day: dt.date) -> float:
        return LEFT + (day - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(usd: Decimal) -> float:
        return TOP + float(1 - usd / highest) * (HEIGHT - TOP - BOTTOM)

    labels_y = _apart([y(each.newest.usd) for each in series])
    lines = []
    for place, (each, label_y) in enumerate(zip(series, labels_y, strict=True)):
        corners = [(x(point.checked_on), y(point.usd)) for point in each.points]
        runs, ends = _runs(each, corners, x)
        lines.append(
            Line(
                label=_label(each),
                label_y=_px(label_y),
                steps=tuple(" ".join(f"{_px(at)},{_px(up)}" for at, up in run) for run in runs),
                unseen_since=_px(x(last) if each.ended_on else corners[-1][0]),
                end_y=_px(corners[-1][1]),
                ends=tuple((_px(at), _px(up)) for at, up in ends),
                marks=tuple((_px(at), _px(up)) for at, up in corners),
                place=place % 4 + 1,
            )
        )
    return Drawing(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=HEIGHT - BOTTOM,
        first_day=format_day(first),
        last_day=format_day(last),
        lines=tuple(lines),
    )


def _runs(
    series: PriceSeries, corners: Sequence[_Place], x: Callable[[dt.date], float]
) -> tuple[list[list[_Place]], list[_Place]]:
    """The steps of each time that it was offered, and where the offer was gone."""
    runs, ends = [[corners[0]]], []
    for (before, point), (left, corner) in zip(
        pairwise(series.points), pairwise(corners), strict=True
    ):
        if (gone := _gone_between(series, before, point)) is None:
            runs[-1] += [(corner[0], left[1]), corner]
        else:
            ends.append((x(gone), left[1]))
            runs[-1].append(ends[-1])
            runs.append([corner])
    if series.ended_on:
        ends.append((x(series.ended_on), corners[-1][1]))
        runs[-1].append(ends[-1])
    return runs, ends


def _gone_between(series: PriceSeries, before: Price, point: Price) -> dt.date | None:
    """The day on which the offer was gone between two prices of it."""
    ends = (each.ended_on for each in series.points if each.ended_on)
    return min((end for end in ends if before.checked_on <= end <= point.checked_on), default=None)


def _label(series: PriceSeries) -> str:
    newest = series.newest
    if series.ended_on:
        return f"{newest.kind}: ended"
    return f"{format_usd(newest.usd)} {newest.kind}"


def _apart(places: Sequence[float]) -> list[float]:
    """Places of labels a line apart at least, as near to their own as that allows."""
    result = list(places)
    lowest = float(TOP - LABEL_GAP)
    for index in sorted(range(len(places)), key=places.__getitem__):
        lowest = max(places[index], lowest + LABEL_GAP)
        result[index] = lowest
    overflow = max(0.0, lowest - (HEIGHT - BOTTOM))
    return [place - overflow for place in result]


def _px(value: float) -> str:
    return f"{value:.1f}"

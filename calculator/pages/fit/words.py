"""Figures no finer than what they rest on: “about 3 h (2–5 h)”, “about $14 ($9–$24)”."""

from __future__ import annotations

from math import floor, log10

from calculator.estimation.cluster.run_time import Range
from calculator.words.formatting import NO_BREAK_SPACE, format_number

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def rough(value: float) -> str:
    """One digit that counts, two where the first is a 1: 3, 14, 200, 0.3."""
    if value <= 0:
        return "0"
    exponent = floor(log10(value))
    digits = 1 if value / 10**exponent >= 2 else 2
    decimals = digits - 1 - exponent
    rounded = round(value, decimals)
    return format_number(rounded, decimals=max(0, decimals))


def rough_duration(seconds: Range) -> str:
    """“about 3 h (2–5 h)”: seconds up to 90, minutes up to 90, days from three on."""
    unit, name = HOUR, "h"
    if seconds.likely <= 1.5 * MINUTE:
        unit, name = 1.0, "s"
    elif seconds.likely <= 1.5 * HOUR:
        unit, name = MINUTE, "min"
    elif seconds.likely > 3 * DAY:
        unit, name = DAY, "days"
    low, likely, high = (
        rough(value / unit) for value in (seconds.low, seconds.likely, seconds.high)
    )
    return _about(f"{likely}{NO_BREAK_SPACE}{name}", low, f"{high}{NO_BREAK_SPACE}{name}")


def rough_usd(cost: Range) -> str:
    """“about $14 ($9–$24)”."""
    low, likely, high = (rough(max(value, 0.01)) for value in (cost.low, cost.likely, cost.high))
    return _about(f"${likely}", f"${low}", f"${high}")


def _about(likely: str, low: str, high: str) -> str:
    return f"about{NO_BREAK_SPACE}{likely} ({low}–{high})"

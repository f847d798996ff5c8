"""Fractions as percent in words."""

from __future__ import annotations

from calculator.words.formatting import NO_BREAK_SPACE, format_number

MINUS = "\u2212"


def percent(fraction: float, *, signed: bool = False) -> str:
    """0.0149 → “1.5 %”, 0.123 → “12 %”, signed −0.0149 → “−1.5 %”."""
    size = abs(fraction) * 100
    if 0 < size < 0.05 and not signed:
        return f"<0.1{NO_BREAK_SPACE}%"
    text = format_number(size, decimals=0 if size >= 10 else 1)
    sign = "" if not signed or text == "0" else "+" if fraction > 0 else MINUS
    return f"{sign}{text}{NO_BREAK_SPACE}%"


def within(fraction: float) -> str:
    """What stands after “within”: at least 0.1 %."""
    return percent(max(fraction, 0.001))

"""Figures as visitors read them: GB of 10⁹ bytes, one decimal, half up, no trailing “.0”."""

from __future__ import annotations

import datetime as dt
import math
from decimal import ROUND_HALF_UP, Decimal

from calculator.estimation.device import DeviceBytes
from calculator.estimation.units import GB, GIB

NO_BREAK_SPACE = "\u00a0"
WIDE_RANGE_BYTES = 4 * GB
# What one decimal of a GB shows as 0.
SMALLEST_PART_BYTES = 50_000_000


def format_number(value: Decimal | int | float, *, decimals: int = 1) -> str:
    """Round half up and drop trailing zeros: 1260 → 1,260; 5.95 → 6; 2.55 → 2.6."""
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(str(value)).quantize(step, rounding=ROUND_HALF_UP)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_gb(memory_bytes: Decimal | int) -> str:
    """Bytes → “16.8 GB”, unbreakable. What rounds to 0 keeps a digit: “0.04 GB”."""
    gigabytes = Decimal(memory_bytes) / GB
    decimals = 1
    while gigabytes and decimals < 4 and gigabytes < Decimal("0.5").scaleb(-decimals):
        decimals += 1
    return f"{format_number(gigabytes, decimals=decimals)}{NO_BREAK_SPACE}GB"


def format_figure(
    memory_bytes: Decimal | int, range_bytes: tuple[Decimal | int, Decimal | int] | None
) -> str:
    """A figure with no more digits than its range bears; without a range, as it is.

    A range of 4 GB and more leaves whole GB: “154 GB” of 133 to 171.
    """
    if range_bytes is None or range_bytes[1] - range_bytes[0] < WIDE_RANGE_BYTES:
        return format_gb(memory_bytes)
    return f"{format_number(Decimal(memory_bytes) / GB, decimals=0)}{NO_BREAK_SPACE}GB"


def format_likely(device: DeviceBytes) -> str:
    """The likely figure of a run, with the digits that its range bears."""
    return format_figure(device.likely, (device.low, device.high))


def format_day(day: dt.date) -> str:
    """“12 Apr 2026”."""
    return f"{day.day} {day:%b %Y}"


def format_wait(seconds: int) -> str:
    """“1 second”, “90 seconds”, “3 minutes”, “2 hours”, “40 days”: never less than it takes."""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * unit:
            return f"{math.ceil(seconds / unit):,} {name}s"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def format_part(memory_bytes: Decimal | int) -> str:
    """A part among others: what would round to 0 is “under 0.1 GB”, not digits of it."""
    if 0 < memory_bytes < SMALLEST_PART_BYTES:
        return f"under 0.1{NO_BREAK_SPACE}GB"
    return format_gb(memory_bytes)


def format_range(low_bytes: Decimal | int, high_bytes: Decimal | int) -> str:
    """Two figures → “14.2–17.6 GB”, “133–171 GB”."""
    ends = low_bytes, high_bytes
    low, high = format_figure(low_bytes, ends), format_figure(high_bytes, ends)
    return f"{low.removesuffix(f'{NO_BREAK_SPACE}GB')}–{high}"


def gib_words(memory_gb: int, usable_bytes: int) -> str:
    """Why “12.8 GB” has room on a card with “12 GB”."""
    whole, usable = format_gb(memory_gb * GIB), format_gb(usable_bytes)
    part = "" if whole == usable else f", of which a run can use {usable}"
    return (
        f"A card is sold in GiB of 2³⁰ bytes: {memory_gb:,}{NO_BREAK_SPACE}GB on the box are"
        f" {whole} of 10⁹ bytes{part}."
    )


def format_size(params_b: Decimal) -> str:
    """Billions of parameters → “7B”, “0.5B”, “1,000B”."""
    return f"{format_number(params_b, decimals=3)}B"


def format_count(count: int) -> str:
    """A number of parameters → “8.03B”, “41.9 million”, “4,096”."""
    if count >= 10**9:
        return f"{format_number(Decimal(count) / 10**9, decimals=2)}B"
    if count >= 10**6:
        return f"{format_number(Decimal(count) / 10**6)}{NO_BREAK_SPACE}million"
    return f"{count:,}"


def query_number(value: Decimal) -> str:
    """A number as it stands in a URL: 7, 0.5, 1000; never 7.0 or 1E+3."""
    return f"{value.normalize():f}"


def format_usd(amount: Decimal, *, decimals: int | None = None) -> str:
    """USD → “$1,599” for hundreds and more, “$2.49” below."""
    if decimals is None:
        decimals = 0 if amount >= 100 else 2
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return f"${rounded:,f}"


def shortened(text: str, length: int = 30) -> str:
    """What somebody typed, at most `length` characters of it: “a very long na…”."""
    return text if len(text) <= length else f"{text[: length - 1]}…"

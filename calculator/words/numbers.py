"""Numbers as people type them: “4,096”, “4k”, “1e3”, “1.5M”."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal

# What a letter behind a number multiplies it by. Lengths are counted in powers of two: a context
# of “4k” is 4,096 tokens, as in the models' own names. Everything else is counted in thousands.
THOUSANDS: Mapping[str, int | Decimal] = {"k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
LENGTHS: Mapping[str, int | Decimal] = {"k": 2**10, "m": 2**20}

LONGEST = 40
_EXACTLY = Context(prec=2 * LONGEST + 100)
_NUMBER = re.compile(
    r"(?P<digits>\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)"
    r"(?:e\+?(?P<exponent>\d{1,2}))?"
    r"\s*(?P<letter>[a-z]?)",
    re.ASCII | re.IGNORECASE,
)


def read_number(text: str, letters: Mapping[str, int | Decimal] = THOUSANDS) -> Decimal | None:
    """The number that a text says, exactly; None where it says none.

    letters: what may stand behind it, in lower case, and what each multiplies by.
    """
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if match is None:
        return None
    letter = match["letter"].lower()
    if letter and letter not in letters:
        return None
    number = Decimal(re.sub(r"[^0-9.]", "", match["digits"]))
    factor = 10 ** int(match["exponent"] or 0) * (letters[letter] if letter else 1)
    return _EXACTLY.multiply(number, factor)


def read_whole_number(text: str, letters: Mapping[str, int | Decimal] = THOUSANDS) -> int | None:
    """The same where it is a whole number, else None."""
    number = read_number(text, letters)
    return int(number) if number is not None and number == number.to_integral_value() else None

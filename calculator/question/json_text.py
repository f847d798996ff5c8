"""JSON as strangers send it, read strictly and without surprises."""

from __future__ import annotations

import json
from typing import NoReturn

LARGEST_BYTES = 256_000


class NotJson(ValueError):
    """The text is not JSON."""


def parse_json(text: bytes | str) -> object:
    """The text's value.

    Raises:
        NotJson: it is not JSON (NaN and Infinity are not), or nested or long beyond any use.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotJson from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

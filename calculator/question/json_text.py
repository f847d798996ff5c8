"""JSON as strangers send it, read strictly; what is wrong with it is said with line and column."""

from __future__ import annotations

import json
import re
from typing import NoReturn

LARGEST_BYTES = 256_000
# A config.json of several towers has 5; what works through one may then call itself safely.
DEEPEST_NESTING = 50

_OUTSIDE_STRINGS = r'"(?:\\.|[^"\\])*"|({})'
_CONSTANT = re.compile(_OUTSIDE_STRINGS.format(r"-?Infinity|NaN"))
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")
_PYTHON_WORD = re.compile(r"(?:True|False|None)\b")
_PRINTED_OBJECT = re.compile(r"\s*([A-Za-z_]\w*)\s*[({]")


class NotJson(ValueError):
    """The text is not JSON; the message says where and why, in words."""


class _NotFinite(ValueError):
    pass


def decode_text(data: bytes) -> str:
    """Text as UTF-8, UTF-16 or UTF-32, with a byte order mark or without; what is no text shows."""
    return data.decode(json.detect_encoding(data), errors="replace").lstrip("\ufeff")


def parse_json(text: bytes | str) -> object:
    """The text's value.

    Raises:
        NotJson: it is not JSON (NaN and Infinity are not), or nested or long beyond any use.
    """
    text = decode_text(text) if isinstance(text, bytes) else text.lstrip("\ufeff")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise NotJson(_at(text, error.pos, _cause(text, error))) from error
    except _NotFinite as error:
        place = next(m.start(1) for m in _CONSTANT.finditer(text) if m[1])
        raise NotJson(_at(text, place, f"{error} is no number in JSON.")) from error
    except (ValueError, RecursionError) as error:
        raise NotJson("It is nested too deeply, or has a number with too many digits.") from error
    _refuse_unusable(value)
    return value


def _refuse_unusable(value: object) -> None:
    """Refuse what parses but that no page could print or follow.

    Raises:
        NotJson: it is nested beyond any use, or has half of a surrogate pair.
    """
    level = [value]
    for _ in range(DEEPEST_NESTING):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += each
                inner += each.values()
            elif isinstance(each, list):
                inner += each
            elif isinstance(each, str) and _HALF_OF_A_PAIR.search(each):
                raise NotJson("It has half of a character: \\ud800 to \\udfff come in pairs.")
        if not inner:
            return
        level = inner
    raise NotJson("It is nested too deeply, or has a number with too many digits.")


def _refuse_constant(name: str) -> NoReturn:
    raise _NotFinite(name)


def _at(text: str, position: int, cause: str) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"Line {line}, column {column}: {cause}"


def _cause(text: str, error: json.JSONDecodeError) -> str:
    """Why the text breaks off there: the mistakes that people make, and then the parser's words."""
    before, rest = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    printed = _PRINTED_OBJECT.match(text)
    if printed and not before:
        return (
            f"“{printed[1]}” is how Python prints an object. Paste what begins with {{ after it."
        )
    if not rest:
        return "the text ends before its last brace. Was it cut off?"
    if (rest[0] in "}]" and before.endswith(",")) or error.msg.startswith(
        "Illegal trailing comma"
    ):
        return "a comma with nothing after it. Take it out."
    if rest.startswith(("//", "/*", "#")):
        return "a comment, which JSON does not have. Take it out."
    if rest[0] in "'‘“”":
        return "quotes have to be double and straight: \" instead of ' or “."
    if word := _PYTHON_WORD.match(rest):
        return f"“{word[0]}” is Python. JSON has true, false and null."
    if error.msg == "Extra data":
        return "the JSON has ended, and more text follows."
    if error.msg.startswith("Expecting ',' delimiter"):
        return "a comma is missing before this."
    return f"{error.msg[:1].lower()}{error.msg[1:]}."

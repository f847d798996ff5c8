"""YAML, JSON and Python with a comment beside each value that costs memory."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

LINE_WIDTH = 92


@dataclass(frozen=True, slots=True)
class Code:
    """An expression of Python, printed as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """One name with its value; a tuple of items is a block of its own. note: why it stands."""

    name: str
    value: Any
    note: str = ""


def comment(text: str, indent: str = "") -> list[str]:
    """A sentence or more as lines that begin with #."""
    return textwrap.wrap(
        text,
        LINE_WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _with_note(line: str, note: str, indent: str) -> list[str]:
    """The note behind the line, or above it where both are too long."""
    if not note:
        return [line]
    if len(line) + len(note) + 4 <= LINE_WIDTH:
        return [f"{line}  # {note}"]
    return [*comment(note, indent), line]


def yaml_lines(items: Iterable[Item], indent: str = "") -> list[str]:
    lines: list[str] = []
    for item in items:
        if isinstance(item.value, tuple):
            lines += _with_note(f"{indent}{item.name}:", item.note, indent)
            lines += yaml_lines(item.value, f"{indent}  ")
        else:
            line = f"{indent}{item.name}: {_yaml_value(item.value)}"
            lines += _with_note(line, item.note, indent)
    return lines


def _yaml_value(value: Any) -> str:
    """A value on one line, quoted where it has to be."""
    if isinstance(value, float):
        # PyYAML takes 1e-05 for a word.
        return f"{value:.10f}".rstrip("0") + ("0" if value.is_integer() else "")
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").strip()


def json_text(items: Iterable[Item]) -> str:
    return json.dumps(_as_object(items), indent=2) + "\n"


def _as_object(items: Iterable[Item]) -> dict[str, Any]:
    return {
        item.name: _as_object(item.value) if isinstance(item.value, tuple) else item.value
        for item in items
    }


def call_lines(start: str, items: Iterable[Item], *, first: str = "") -> list[str]:
    """A call with one argument on each line: `start(` … `)`."""
    lines = [f"{start}("]
    if first:
        lines.append(f"    {first},")
    for item in items:
        lines += _with_note(f"    {item.name}={_python_value(item.value)},", item.note, "    ")
    return [*lines, ")"]


def _python_value(value: Any) -> str:
    if isinstance(value, Code):
        return value.text
    if isinstance(value, list):
        return f"[{', '.join(map(_python_value, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def notes_of(items: Iterable[Item], before: str = "") -> list[tuple[str, str]]:
    """Names with their notes, for a format that has no comments."""
    found: list[tuple[str, str]] = []
    for item in items:
        name = f"{before}{item.name}"
        if item.note:
            found.append((name, item.note))
        if isinstance(item.value, tuple):
            found += notes_of(item.value, f"{name}.")
    return found

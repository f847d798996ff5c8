"""A command line, or a shell script with one, read for its arguments."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import yaml

from calculator.carrying.imports.documents import MOST_VALUES, Document, Given, NotReadable

_PROGRAM = re.compile(
    r"\b(?:accelerate\s+launch|torchrun|deepspeed|llamafactory-cli\s+train|axolotl\s+train"
    r"|tune\s+run|trl\s+sft|trl\s+dpo|python3?|uv\s+run)\b"
)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(\S*)[ \t]*(?:#.*)?$", re.MULTILINE
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def is_command(text: str) -> bool:
    return _PROGRAM.search(text) is not None and re.search(r"\s--?\w", text) is not None


def read_command(text: str) -> Document:
    """`--name value`, `--name=value` and `--flag` of the longest command that trains.

    Variables that the script assigns stand for their values.

    Raises:
        NotReadable: no command, or quotes that do not close.
    """
    variables: dict[str, str] = dict(_ASSIGNMENT.findall(text))

    def value_of(match: re.Match[str]) -> str:
        return variables.get(match[1], match[0]).strip("'\"")

    joined = re.sub(r"\\[ \t]*(?:\n|$)", " ", text)
    commands = [line for line in joined.splitlines() if _PROGRAM.search(line)]
    if not commands:
        raise NotReadable("No command stands here: accelerate launch, torchrun, python.")
    command = _VARIABLE.sub(value_of, max(commands, key=len))
    try:
        tokens = shlex.split(command, comments=True)
    except ValueError as error:
        raise NotReadable(f"The command cannot be read: {error}.") from error
    if len(tokens) > MOST_VALUES:
        raise NotReadable("This is too long for a command.")
    words = frozenset(token for token in tokens if not token.startswith("-"))
    return Document("command", tuple(_givens(tokens, text)), words)


def _givens(tokens: list[str], text: str) -> Iterator[Given]:
    position = 0
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if not re.match(r"--?[A-Za-z]", token):
            continue
        flag, _, inline = token.partition("=")
        values = [inline] if inline else []
        while not inline and index < len(tokens) and not re.match(r"--?[A-Za-z]", tokens[index]):
            # A launcher's last option stands before the script that it starts.
            if not tokens[index].endswith(".py"):
                values.append(tokens[index])
            index += 1
        found = text.find(flag, position)
        position = position if found < 0 else found + 1
        name = flag.lstrip("-").replace("-", "_")
        value = [scalar(each) for each in values]
        line = text.count("\n", 0, position) + 1
        yield Given((name,), True if not value else value[0] if len(value) == 1 else value, line)


def scalar(text: str) -> str | int | float | bool | None:
    """A word as the value that it says: 4 → 4, True → true, 2e-5 stays a word."""
    try:
        value = yaml.safe_load(text) if len(text) < 40 and "\n" not in text else text
    except (yaml.YAMLError, ValueError, OverflowError):
        return text
    return value if isinstance(value, bool | int | float | str | None) else text

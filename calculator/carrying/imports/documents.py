"""A configuration's text, taken apart: names, values and their lines, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from calculator.question.json_text import NotJson, parse_json

Kind = Literal["yaml", "json", "python", "command"]
LARGEST_BYTES = 64_000
DEEPEST_LEVEL = 20
MOST_VALUES = 3_000


class NotReadable(ValueError):
    """The text is none of the formats; the message says where and why."""


class Opaque:
    """A value that is not one of ours to read: a list of objects, an expression."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Given:
    """One value under its path, such as ("optimizer", "_component_"), and the line it stands on.

    value is a scalar, a list of scalars, None or Opaque.
    """

    path: tuple[str, ...]
    value: Any
    line: int

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Document:
    """What was given. words: names that a script imports or calls, a command's program."""

    kind: Kind
    givens: tuple[Given, ...]
    words: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Every name at the top, and every whole path."""
        return frozenset(given.path[0] for given in self.givens if given.path) | frozenset(
            given.name for given in self.givens
        )


def read_yaml(text: str) -> Document:
    """A YAML mapping. Aliases count as often as they are used, so that none can grow.

    Raises:
        NotReadable: it is not YAML, not a mapping, too deep or too much.
    """
    try:
        _check_size(text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise NotReadable("The text has no names with values: a line such as “lora_r: 16”.")
        givens = tuple(_of_mapping(loader, node, ()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f"Line {mark.line + 1}, column {mark.column + 1}: "
        raise NotReadable(f"{place}{error.problem or 'this is not YAML'}.") from error
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        if isinstance(error, NotReadable):
            raise
        raise NotReadable("This is not YAML that can be read.") from error
    return Document("yaml", givens)


def _check_size(text: str) -> None:
    """Refuse what is deeply nested before anything walks down it."""
    level = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        if level > DEEPEST_LEVEL or count > 4 * MOST_VALUES:
            raise NotReadable("This is nested too deeply, or too long, for a configuration.")


def _of_mapping(
    loader: yaml.SafeLoader, root: yaml.MappingNode, path: tuple[str, ...]
) -> Iterator[Given]:
    count = 0
    waiting = [(path, root)]
    while waiting:
        path, mapping = waiting.pop(0)
        for key, value in mapping.value:
            count += 1
            if count > MOST_VALUES or len(path) > DEEPEST_LEVEL:
                raise NotReadable("This is too long for a configuration.")
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            place = path if name == "<<" else (*path, name)
            line = key.start_mark.line + 1
            if isinstance(value, yaml.MappingNode) and value.value:
                waiting.append((place, value))
            elif isinstance(value, yaml.ScalarNode):
                yield Given(place, _scalar(loader, value), line)
            elif isinstance(value, yaml.SequenceNode):
                yield Given(place, _list(loader, value), line)
            else:
                yield Given(place, None, line)


def _scalar(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    try:
        value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError):
        return Opaque(str(node.value)[:60])
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**15:
        return Opaque(str(node.value)[:60])
    return value if isinstance(value, bool | int | float | str | None) else str(node.value)


def _list(loader: yaml.SafeLoader, node: yaml.SequenceNode) -> Any:
    if all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return [_scalar(loader, item) for item in node.value]
    return Opaque(f"{len(node.value)} entries")


def read_json(text: str) -> Document:
    """A JSON object, each value with the line on which its name stands.

    Raises:
        NotReadable: it is not JSON, or not an object.
    """
    try:
        value = parse_json(text)
    except NotJson as error:
        raise NotReadable(str(error)) from error
    if not isinstance(value, dict):
        raise NotReadable("The JSON is no object: it has to start with { and end with }.")
    return Document("json", tuple(_of_object(value, text)))


def _of_object(root: dict[str, Any], text: str) -> Iterator[Given]:
    """The object's values; the n-th name of the object is the n-th that stands in the text."""
    position = 0
    waiting: list[tuple[tuple[str, ...], Any]] = [((name,), root[name]) for name in reversed(root)]
    count = 0
    while waiting:
        path, item = waiting.pop()
        count += 1
        if count > MOST_VALUES or len(path) > DEEPEST_LEVEL:
            raise NotReadable("This is nested too deeply, or too long, for a configuration.")
        found = text.find(f'"{path[-1]}"', position)
        position = position if found < 0 else found + 1
        line = text.count("\n", 0, position) + 1
        if isinstance(item, dict) and item:
            waiting += [((*path, name), item[name]) for name in reversed(item)]
        elif isinstance(item, list) and any(isinstance(each, dict | list) for each in item):
            yield Given(path, Opaque(f"{len(item)} entries"), line)
        else:
            yield Given(path, None if item == {} else item, line)

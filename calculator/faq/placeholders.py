"""The figures of FAQ answers: “{memory:qlora:7}” → “6 GB”, from the presets and the tiers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches

from django.core.exceptions import ValidationError

from calculator.estimation import rule_of_thumb
from calculator.estimation.rule_of_thumb import MethodSpec
from calculator.presets.figures import Figures
from calculator.presets.forms import SizeField
from calculator.words.formatting import format_gb, format_number, query_number
from gpus.fitting import minimum_setup
from gpus.labels import setup_label, tier_label


class UnknownFigure(Exception):
    """A placeholder that stands for no figure of the catalog; the message says why, in words."""


def figure(figures: Figures, placeholder: str) -> str:
    """Return the text that `placeholder`, braces included, stands for."""
    name, *arguments = placeholder.removeprefix("{").removesuffix("}").split(":")
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownFigure(
            f"“{placeholder}” is no placeholder.{_suggestion(name, KINDS)} "
            f"Possible are {_USAGES}. Write {{{{ for a plain brace."
        )
    if len(arguments) != kind.argument_count or not all(arguments):
        raise UnknownFigure(
            f"“{placeholder}” is not complete. Write {kind.usage}, for example {kind.example}."
        )
    try:
        return kind.compute(figures, *arguments)
    except UnknownFigure as error:
        raise UnknownFigure(f"“{placeholder}”: {error}") from None


def _memory(figures: Figures, method_slug: str, size: str) -> str:
    return format_gb(_memory_bytes(figures, method_slug, size))


def _minimum(figures: Figures, method_slug: str, size: str) -> str:
    setup = minimum_setup(_memory_bytes(figures, method_slug, size), figures.tiers)
    if setup is None:
        raise UnknownFigure("no GPUs of the catalog hold this.")
    return setup_label(setup)


def _bytes(figures: Figures, method_slug: str) -> str:
    return format_number(_method(figures, method_slug).bytes_per_parameter, decimals=4)


def _part(figures: Figures, method_slug: str, part_slug: str) -> str:
    parts = {part.slug: part for part in _method(figures, method_slug).parts}
    if part_slug not in parts:
        raise UnknownFigure(
            f"“{method_slug}” has no part “{part_slug}”.{_suggestion(part_slug, parts)} "
            f"It has {', '.join(parts)}."
        )
    return format_number(parts[part_slug].bytes_per_parameter, decimals=4)


def _ratio(figures: Figures, method_slug: str, other_slug: str) -> str:
    method, other = _method(figures, method_slug), _method(figures, other_slug)
    ratio = format_number(method.bytes_per_parameter / other.bytes_per_parameter, decimals=0)
    if ratio == "0":
        raise UnknownFigure("this rounds to 0. Put the larger one first.")
    return ratio


def _tier(figures: Figures, memory_gb: str) -> str:
    tiers = {str(gb): tier for gb, tier in sorted(figures.tiers_by_gb.items())}
    if memory_gb not in tiers:
        raise UnknownFigure(f"no tier has {memory_gb} GB. There are {', '.join(tiers)}.")
    return tier_label(tiers[memory_gb])


def _memory_bytes(figures: Figures, method_slug: str, size: str) -> Decimal:
    method = _method(figures, method_slug)
    try:
        params_b = SizeField().clean(size)
    except ValidationError as error:
        raise UnknownFigure(" ".join(error.messages)) from None
    if query_number(params_b) != size:
        raise UnknownFigure(f"write the size as {query_number(params_b)}.")
    return rule_of_thumb.estimate(method, params_b).memory_bytes


def _method(figures: Figures, slug: str) -> MethodSpec:
    methods = figures.methods_by_slug
    if slug not in methods:
        known = f"Published are {', '.join(methods)}." if methods else "None is published."
        raise UnknownFigure(
            f"no published method has the slug “{slug}”.{_suggestion(slug, methods)} {known}"
        )
    if not methods[slug].bytes_per_parameter:
        raise UnknownFigure(f"“{slug}” has no parts yet, so it has no figure.")
    return methods[slug]


def _suggestion(typed: str, possible: Iterable[str]) -> str:
    matches = get_close_matches(typed, possible, n=1)
    return f" Did you mean “{matches[0]}”?" if matches else ""


@dataclass(frozen=True, slots=True)
class Kind:
    usage: str
    example: str
    compute: Callable[..., str]

    @property
    def argument_count(self) -> int:
        return self.usage.count(":")


KINDS = {
    "memory": Kind("{memory:METHOD:SIZE}", "{memory:qlora:7}", _memory),
    "minimum": Kind("{minimum:METHOD:SIZE}", "{minimum:qlora:7}", _minimum),
    "bytes": Kind("{bytes:METHOD}", "{bytes:lora}", _bytes),
    "part": Kind("{part:METHOD:PART}", "{part:full:weights}", _part),
    "ratio": Kind("{ratio:METHOD:METHOD}", "{ratio:full:inference-16bit}", _ratio),
    "tier": Kind("{tier:GB}", "{tier:24}", _tier),
}
_USAGES = ", ".join(kind.usage for kind in KINDS.values())

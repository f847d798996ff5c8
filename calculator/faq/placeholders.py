"""The figures of FAQ answers: “{memory:qlora:7}” → “6 GB”, from the presets and the tiers.

Those of one run, such as “{precise:llama-3-1-8b:qlora}”, are in `run_figures.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from calculator.estimation import rule_of_thumb
from calculator.estimation.device import DeviceBytes
from calculator.estimation.rule_of_thumb import MethodSpec
from calculator.estimation.typical_run import TYPICAL_METHODS, typical_device_bytes
from calculator.faq import run_figures
from calculator.faq.run_figures import UnknownFigure
from calculator.faq.run_figures import suggestion as _suggestion
from calculator.presets.figures import Figures
from calculator.presets.forms import SizeField
from calculator.words.formatting import format_gb, format_likely, format_number, query_number
from gpus.fitting import minimum_setup
from gpus.labels import setup_label, tier_label


def figure(figures: Figures, placeholder: str) -> str:
    """Return the text that `placeholder`, braces included, stands for."""
    name, *arguments = placeholder.removeprefix("{").removesuffix("}").split(":")
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownFigure(
            f"“{placeholder}” is no placeholder.{_suggestion(name, KINDS)} "
            f"Possible are {', '.join(KINDS)}. Write {{{{ for a plain brace."
        )
    if not kind.takes(len(arguments)) or not all(arguments):
        raise UnknownFigure(
            f"“{placeholder}” is not complete. Write {kind.usage}, for example {kind.example}."
        )
    try:
        return kind.compute(figures, *arguments)
    except UnknownFigure as error:
        raise UnknownFigure(f"“{placeholder}”: {error}") from None


def _memory(figures: Figures, method_slug: str, size: str) -> str:
    return format_gb(_memory_bytes(figures, method_slug, size))


def _typical(figures: Figures, method_slug: str, size: str) -> str:
    return format_likely(_typical_device(figures, method_slug, size))


def _typical_card(figures: Figures, method_slug: str, size: str) -> str:
    device = _typical_device(figures, method_slug, size)
    setup = minimum_setup(device.likely, figures.usable_tiers)
    if setup is None or setup.gpu_count > 1:
        raise UnknownFigure("no single card of the ladder holds a typical run of that.")
    return setup_label(setup)


def _typical_device(figures: Figures, method_slug: str, size: str) -> DeviceBytes:
    """A typical run of the method, for a size that the rule of thumb takes."""
    if method_slug not in TYPICAL_METHODS:
        raise UnknownFigure(
            f"“{method_slug}” is not estimated step by step. Use {', '.join(TYPICAL_METHODS)}."
        )
    return typical_device_bytes(_size(size), method_slug)


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
    return rule_of_thumb.estimate(_method(figures, method_slug), _size(size)).memory_bytes


def _size(size: str) -> Decimal:
    try:
        params_b: Decimal = SizeField().clean(size)
    except ValidationError as error:
        raise UnknownFigure(" ".join(error.messages)) from None
    if query_number(params_b) != size:
        raise UnknownFigure(f"write the size as {query_number(params_b)}.")
    return params_b


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


@dataclass(frozen=True, slots=True)
class Kind:
    usage: str
    example: str
    compute: Callable[..., str]

    def takes(self, argument_count: int) -> bool:
        """Whether so many arguments are enough; settings may follow where the usage names them."""
        least = self.usage.count(":")
        return argument_count >= least if "[" in self.usage else argument_count == least


KINDS = {
    "memory": Kind("{memory:METHOD:SIZE}", "{memory:qlora:7}", _memory),
    # A typical run of the architecture usual for the size: it stands beside each figure above.
    "typical": Kind("{typical:METHOD:SIZE}", "{typical:qlora:7}", _typical),
    "typical-card": Kind("{typical-card:METHOD:SIZE}", "{typical-card:qlora:7}", _typical_card),
    "minimum": Kind("{minimum:METHOD:SIZE}", "{minimum:qlora:7}", _minimum),
    "bytes": Kind("{bytes:METHOD}", "{bytes:lora}", _bytes),
    "part": Kind("{part:METHOD:PART}", "{part:full:weights}", _part),
    "ratio": Kind("{ratio:METHOD:METHOD}", "{ratio:full:inference-16bit}", _ratio),
    "tier": Kind("{tier:GB}", "{tier:24}", _tier),
    # What “[SETTINGS]” may add: “:sequence_length=4096:micro_batch=2”, and of several GPUs
    # “:gpu_count=2:strategy=fsdp”.
    "precise": Kind(
        "{precise:MODEL:METHOD[SETTINGS]}", "{precise:llama-3-1-8b:qlora}", run_figures.precise
    ),
    "difference": Kind(
        "{difference:MODEL:METHOD[SETTINGS]}",
        "{difference:llama-3-1-8b:qlora:lora_rank=64}",
        run_figures.difference,
    ),
    "component": Kind(
        "{component:COMPONENT:MODEL:METHOD[SETTINGS]}",
        "{component:weights:llama-3-1-8b:qlora}",
        run_figures.component,
    ),
    "trainable": Kind(
        "{trainable:MODEL:METHOD[SETTINGS]}",
        "{trainable:llama-3-1-8b:qlora}",
        run_figures.trainable,
    ),
    "vocabulary": Kind("{vocabulary:MODEL}", "{vocabulary:llama-3-1-8b}", run_figures.vocabulary),
    "card": Kind("{card:MODEL:METHOD[SETTINGS]}", "{card:llama-3-1-8b:qlora}", run_figures.card),
    "fits": Kind(
        "{fits:GPU:MODEL:METHOD[SETTINGS]}",
        "{fits:rtx-4090:llama-3-1-8b:qlora}",
        run_figures.fits,
    ),
    "largest": Kind(
        "{largest:GPU:METHOD[SETTINGS]}", "{largest:rtx-4090:qlora}", run_figures.largest
    ),
    "longest": Kind(
        "{longest:GPU:MODEL:METHOD[SETTINGS]}",
        "{longest:rtx-4090:llama-3-1-8b:qlora}",
        run_figures.longest,
    ),
    "time": Kind(
        "{time:GPU:MODEL:METHOD:MILLION_TOKENS[SETTINGS]}",
        "{time:rtx-4090:llama-3-1-8b:qlora:10}",
        run_figures.time,
    ),
    "cost": Kind(
        "{cost:GPU:MODEL:METHOD:MILLION_TOKENS[SETTINGS]}",
        "{cost:rtx-4090:llama-3-1-8b:qlora:10}",
        run_figures.cost,
    ),
    "price": Kind("{price:GPU}", "{price:rtx-4090}", run_figures.price),
    "hourly": Kind("{hourly:GPU}", "{hourly:rtx-4090}", run_figures.hourly),
    "usable": Kind("{usable:GPU}", "{usable:rtx-4090}", run_figures.usable),
}

# Those that a price is in.
OF_PRICES = frozenset({"cost", "price", "hourly"})

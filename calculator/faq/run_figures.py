"""Figures of FAQ answers that follow from one run: “{precise:llama-3-1-8b:qlora}” → “8.3 GB”.

They come from the core, for the catalog's models and GPUs. An answer states a run as the address of
the calculator does: a model, a method and settings such as `sequence_length=4096`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Protocol

from calculator.estimation import Architecture, Estimate, SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster.my_gpu import Cards, largest_model, largest_value
from calculator.estimation.cluster.run_time import Range, RunTime, estimate_run_time
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.estimate import COMPONENTS
from calculator.estimation.settings import CHOICES, settings_from_mapping
from calculator.estimation.verdict import VERDICT_WORDS, verdict
from calculator.language_models.specs import LanguageModelSpec
from calculator.words.formatting import (
    format_count,
    format_day,
    format_gb,
    format_likely,
    format_number,
    format_usd,
)
from gpus.fitting import minimum_setup
from gpus.labels import setup_label
from gpus.specs import GpuSpec, Price, TierSpec

# Settings of several GPUs, which stand beside a step's own.
CLUSTER = ("gpu_count", "strategy", "offload")
TOKENS_PER_MILLION = 10**6


class UnknownFigure(Exception):
    """A placeholder that stands for no figure of the catalog; the message says why, in words."""


class Known(Protocol):
    """What of the catalog these figures follow from."""

    @property
    def gpus(self) -> tuple[GpuSpec, ...]: ...

    @property
    def usable_tiers(self) -> tuple[TierSpec, ...]: ...

    @property
    def language_models(self) -> tuple[LanguageModelSpec, ...]: ...


def precise(known: Known, model: str, method: str, *settings: str) -> str:
    """What a GPU is likely to hold; with `gpu_count`, each of the GPUs."""
    return format_likely(_run(known, model, method, settings).device_bytes)


def difference(known: Known, model: str, method: str, *settings: str) -> str:
    """What the last setting adds or saves, beside the ones before it."""
    if not settings:
        raise UnknownFigure("name the setting that makes the difference, such as lora_rank=64.")
    without = _run(known, model, method, settings[:-1]).device_bytes.likely
    with_it = _run(known, model, method, settings).device_bytes.likely
    if without == with_it:
        raise UnknownFigure(f"“{settings[-1]}” makes no difference here.")
    return format_gb(abs(with_it - without))


def component(known: Known, name: str, model: str, method: str, *settings: str) -> str:
    """One component of the peak, such as logits_and_loss."""
    if name not in COMPONENTS:
        raise UnknownFigure(
            f"there is no component “{name}”.{suggestion(name, COMPONENTS)} "
            f"There are {', '.join(COMPONENTS)}."
        )
    found = {item.component: item.bytes for item in _run(known, model, method, settings).breakdown}
    if name not in found:
        raise UnknownFigure(f"nothing of “{name}” is held at the peak of this run.")
    return format_gb(found[name])


def trainable(known: Known, model: str, method: str, *settings: str) -> str:
    """How many parameters are trained."""
    return format_count(_run(known, model, method, settings).parameters_trainable_count)


def vocabulary(known: Known, model: str) -> str:
    """How many entries the model's vocabulary has."""
    return f"{_architecture(known, model).vocab_size:,}"


def card(known: Known, model: str, method: str, *settings: str) -> str:
    """The smallest single card of the ladder with room for the likely figure."""
    setup = minimum_setup(
        _run(known, model, method, settings).device_bytes.likely, known.usable_tiers
    )
    if setup is None or setup.gpu_count > 1:
        raise UnknownFigure("no single card of the ladder holds this.")
    return setup_label(setup)


def fits(known: Known, gpu: str, model: str, method: str, *settings: str) -> str:
    """Whether one card holds it: fits, tight or too small."""
    run = _run(known, model, method, settings)
    return VERDICT_WORDS[verdict(run.device_bytes, _gpu(known, gpu).usable_bytes)]


def largest(known: Known, gpu: str, method: str, *settings: str) -> str:
    """The model with the most parameters that a card holds, if only just."""
    cards, step = _cards(known, gpu, method, settings)
    models = [(m, m.architecture) for m in known.language_models if m.architecture is not None]
    found = largest_model(models, step, cards)
    if found is None:
        raise UnknownFigure("the card holds no model of the catalog with these settings.")
    return found.name


def longest(known: Known, gpu: str, model: str, method: str, *settings: str) -> str:
    """The longest sequence that a card holds, in tokens."""
    cards, step = _cards(known, gpu, method, settings)
    found = largest_value("sequence_length", _architecture(known, model), step, cards)
    if found is None:
        raise UnknownFigure("the card does not hold one step of this model.")
    return f"{found:,}"


def time(known: Known, gpu: str, model: str, method: str, millions: str, *settings: str) -> str:
    """How long one card trains on so many million tokens."""
    return _hours(_run_time(known, gpu, model, method, millions, settings).gpu_hours)


def cost(known: Known, gpu: str, model: str, method: str, millions: str, *settings: str) -> str:
    """What it costs at the card's hourly price."""
    hourly = _price(_gpu(known, gpu).cloud_price_per_hour, f"“{gpu}” has no hourly price.")
    run_time = _run_time(known, gpu, model, method, millions, settings)
    usd = run_time.cost_usd(float(hourly.usd))
    low, high = format_usd(Decimal(usd.low)), format_usd(Decimal(usd.high))
    return low if low == high else f"{low}–{high.removeprefix('$')}"


def price(known: Known, gpu: str) -> str:
    """What a card costs, with its kind, source and day."""
    return _dated(_price(_gpu(known, gpu).retail_price, f"“{gpu}” has no price."))


def hourly(known: Known, gpu: str) -> str:
    """What an hour of a card costs, with its provider, source and day."""
    return _dated(_price(_gpu(known, gpu).cloud_price_per_hour, f"“{gpu}” has no hourly price."))


def usable(known: Known, gpu: str) -> str:
    """What a run may take of a card's memory."""
    return format_gb(_gpu(known, gpu).usable_bytes)


def check_run(known: Known, model: str, *settings: str) -> None:
    """Check that the calculator takes this model with these settings.

    Raises:
        UnknownFigure: it does not; the message says why.
    """
    _architecture(known, model)
    _settings("qlora", settings)


def suggestion(typed: str, possible: Iterable[str]) -> str:
    matches = get_close_matches(typed, possible, n=1)
    return f" Did you mean “{matches[0]}”?" if matches else ""


def _run(known: Known, model: str, method: str, settings: Sequence[str]) -> Estimate:
    architecture = _architecture(known, model)
    step, sharding = _settings(method, settings)
    try:
        return (
            estimate(architecture, step)
            if sharding is None
            else estimate_sharded(architecture, step, sharding).per_gpu
        )
    except SettingsError as error:
        raise UnknownFigure(_in_words(error)) from None


def _settings(method: str, pairs: Sequence[str]) -> tuple[TrainingSettings, Sharding | None]:
    if method not in CHOICES["method"]:
        raise UnknownFigure(
            f"“{method}” is not estimated step by step. Use {', '.join(CHOICES['method'])}."
        )
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not text:
            raise UnknownFigure(f"“{pair}” is not like “sequence_length=4096”.")
        values[name] = _value(text) if name != "lora_targets" else _targets(text)
    cluster = {name: values.pop(name) for name in CLUSTER if name in values}
    try:
        step = settings_from_mapping(values, method=method)
        return step, Sharding(**_sharding_arguments(cluster)) if cluster else None
    except SettingsError as error:
        raise UnknownFigure(_in_words(error)) from None


def _sharding_arguments(cluster: dict[str, Any]) -> dict[str, Any]:
    return {"strategy": "fsdp", **cluster}


def _value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _targets(text: str) -> object:
    return text if "," not in text else text.split(",")


def _in_words(error: SettingsError) -> str:
    return " ".join(f"{each.field} {each.message}" for each in error.errors)


def _cards(
    known: Known, gpu: str, method: str, settings: Sequence[str]
) -> tuple[Cards, TrainingSettings]:
    step, sharding = _settings(method, settings)
    count = 1 if sharding is None else sharding.gpu_count
    return Cards(_gpu(known, gpu).usable_bytes, count), step


def _run_time(
    known: Known, gpu: str, model: str, method: str, millions: str, settings: Sequence[str]
) -> RunTime:
    speed = _gpu(known, gpu).speed
    if speed is None:
        raise UnknownFigure(f"“{gpu}” has no known speed.")
    if not re.fullmatch(r"[1-9][0-9]{0,5}", millions):
        raise UnknownFigure("write the million tokens as a whole number.")
    step, sharding = _settings(method, settings)
    return estimate_run_time(
        _architecture(known, model),
        step,
        sharding or Sharding(),
        speed,
        dataset_tokens=int(millions) * TOKENS_PER_MILLION,
    )


def _hours(hours: Range) -> str:
    if hours.high < 1:
        low, high, unit = hours.low * 60, hours.high * 60, "minutes"
    else:
        low, high, unit = hours.low, hours.high, "hours"
    decimals = 1 if high < 3 else 0
    ends = [format_number(end, decimals=decimals) for end in (low, high)]
    return f"{ends[0] if ends[0] == ends[1] else '–'.join(ends)} {unit}"


def _dated(found: Price) -> str:
    about = "about " if found.is_estimate else ""
    kind = f"{found.kind}, " if found.kind else ""
    return f"{about}{format_usd(found.usd)} ({kind}{found.source_name}, {format_day(found.checked_on)})"


def _price(found: Price | None, missing: str) -> Price:
    if found is None:
        raise UnknownFigure(missing)
    return found


def _architecture(known: Known, slug: str) -> Architecture:
    models = {model.slug: model for model in known.language_models}
    if slug not in models:
        raise UnknownFigure(f"no published model has the slug “{slug}”.{suggestion(slug, models)}")
    found = models[slug].architecture
    if found is None:
        raise UnknownFigure(f"of “{slug}” the parameters alone are known.")
    return found


def _gpu(known: Known, slug: str) -> GpuSpec:
    gpus = {gpu.slug: gpu for gpu in known.gpus}
    if slug not in gpus:
        raise UnknownFigure(f"no published GPU has the slug “{slug}”.{suggestion(slug, gpus)}")
    return gpus[slug]

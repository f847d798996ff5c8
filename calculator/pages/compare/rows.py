"""The rows of the comparison: what was asked, what it takes, where it fits, how fast it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calculator.estimation.estimate import COMPONENTS
from calculator.estimation.step.timeline import PHASE_NAMES
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.pages.compare.results import Compared
from calculator.pages.fit.row_views import sharding_words
from calculator.pages.fit.words import rough_duration
from calculator.question.setting_fields import SettingField
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import as_text
from calculator.words.formatting import (
    format_count,
    format_gb,
    format_likely,
    format_part,
    format_range,
)
from calculator.words.methods import METHOD_NAMES

ALWAYS_SHOWN = ("micro_batch", "sequence_length", "gradient_checkpointing", "lora_rank")
NOTHING = "–"
Text = Callable[[Compared], str]


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class RowGroup:
    title: str
    rows: tuple[Row, ...]


def row_groups(compared: Sequence[Compared]) -> tuple[RowGroup, ...]:
    groups = (
        RowGroup("What is asked", _asked(compared)),
        RowGroup("Memory of one GPU", _memory(compared)),
        RowGroup("Where it fits", _fits(compared)),
        RowGroup("Speed", _speed(compared)),
    )
    return tuple(group for group in groups if group.rows)


def _row(label: str, compared: Sequence[Compared], text: Text) -> Row:
    cells = tuple(text(each) for each in compared)
    return Row(label, cells, len(set(cells)) > 1)


def _asked(compared: Sequence[Compared]) -> tuple[Row, ...]:
    rows = [
        _row("Model", compared, _model),
        _row("Method", compared, lambda each: METHOD_NAMES[each.configuration.method]),
    ]
    for name, field in FIELDS.items():
        row = _where_it_applies(_row(field.label, compared, _setting(name, field)))
        if name in ALWAYS_SHOWN or row.differs:
            rows.append(row)
    rows.append(_row("GPU", compared, _gpu))
    return tuple(row for row in rows if row.differs or set(row.cells) != {NOTHING})


def _where_it_applies(row: Row) -> Row:
    """A setting differs if those methods that have it differ in it."""
    return Row(row.label, row.cells, len(set(row.cells) - {NOTHING}) > 1)


def _memory(compared: Sequence[Compared]) -> tuple[Row, ...]:
    rows = [
        _row("What the card must have, about", compared, _likely),
        _row("Range", compared, _range),
        _row("Allocated at the peak", compared, _allocated),
        _row("Peak in the", compared, _phase),
    ]
    for component, label in COMPONENTS.items():
        row = _row(label, compared, _part(component))
        if not set(row.cells) <= {NOTHING, format_part(1)}:
            rows.append(row)
    rows.append(_row("Trained parameters", compared, _trained))
    return tuple(rows)


def _fits(compared: Sequence[Compared]) -> tuple[Row, ...]:
    rows = (
        _row("Smallest card", compared, _smallest),
        _row("On the GPU named", compared, _verdict),
        _row("Spread by", compared, _sharding),
    )
    return tuple(row for row in rows if set(row.cells) != {NOTHING})


def _speed(compared: Sequence[Compared]) -> tuple[Row, ...]:
    rows = (
        _row("Operations per token", compared, _flops),
        _row("A million tokens take", compared, _time),
    )
    return tuple(row for row in rows if set(row.cells) != {NOTHING})


def _model(each: Compared) -> str:
    subject = each.configuration.question.subject
    return NOTHING if subject is None else subject.name


def _setting(name: str, field: SettingField) -> Text:
    def text(each: Compared) -> str:
        settings = each.configuration.settings
        if settings is None or settings.method not in field.methods:
            return NOTHING
        value = as_text(getattr(settings, name))
        words = dict(field.choices).get(value)
        if words is not None:
            return words
        return f"{int(value):,}" if value.isdigit() else value

    return text


def _gpu(each: Compared) -> str:
    configuration = each.configuration
    if configuration.gpu is None:
        return NOTHING
    times = f"{configuration.gpu_count}× " if configuration.gpu_count > 1 else ""
    return f"{times}{configuration.gpu.name}"


def _likely(each: Compared) -> str:
    if each.estimate is None:
        return NOTHING
    device = each.estimate.device_bytes
    return format_likely(device)


def _range(each: Compared) -> str:
    if each.estimate is None:
        return NOTHING
    return format_range(each.estimate.device_bytes.low, each.estimate.device_bytes.high)


def _allocated(each: Compared) -> str:
    return NOTHING if each.estimate is None else format_gb(each.estimate.peak_allocated_bytes)


def _phase(each: Compared) -> str:
    return NOTHING if each.estimate is None else PHASE_NAMES[each.estimate.peak_phase]


def _part(component: str) -> Text:
    def text(each: Compared) -> str:
        parts = () if each.estimate is None else each.estimate.breakdown
        found = next((part.bytes for part in parts if part.component == component), 0)
        return format_part(found) if found else NOTHING

    return text


def _trained(each: Compared) -> str:
    if each.estimate is None:
        return NOTHING
    return format_count(each.estimate.parameters_trainable_count)


def _smallest(each: Compared) -> str:
    if each.estimate is None or each.setup is not None:
        return NOTHING
    return "none alone" if each.smallest is None else f"{each.smallest.memory_gb} GB"


def _verdict(each: Compared) -> str:
    setup = each.setup
    if setup is None:
        return NOTHING
    if setup.verdict == "too_small":
        return f"{VERDICT_WORDS[setup.verdict]}: {format_gb(-setup.headroom_bytes)} short"
    words = VERDICT_WORDS[setup.verdict]
    if setup.headroom_bytes < 0:
        return f"{words}, {format_gb(-setup.headroom_bytes)} less than it would rather hold"
    return f"{words}, {format_gb(setup.headroom_bytes)} to spare"


def _sharding(each: Compared) -> str:
    return NOTHING if each.setup is None else sharding_words(each.setup.sharding) or NOTHING


def _flops(each: Compared) -> str:
    if not each.flops_per_token:
        return NOTHING
    return f"about {each.flops_per_token / 1e9:,.0f} billion"


def _time(each: Compared) -> str:
    return NOTHING if each.seconds is None else rough_duration(each.seconds)

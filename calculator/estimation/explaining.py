"""What explains a measured figure: its own kind first, then settings changed by ones and by twos.

A figure is of a kind: what PyTorch allocated, what its allocator reserved, or what the card had
in use. An explanation is a run with one or two settings changed whose figure of that kind comes
near the measured one; it is found by running the estimate again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.device import CONTEXT_BYTES
from calculator.estimation.differences import DIFFERENCES
from calculator.estimation.estimate import Estimate, estimate
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import MAXIMUM_OF_FIELD, TrainingSettings

FigureKind = Literal["allocated", "reserved", "device"]

# Nearer than this to the likely figure is the estimate's own error (the accuracy page). It is less
# than the 7 % between a GiB and a GB.
OWN_ERROR_FRACTION = 0.05
# Nearer than this, a changed run explains a figure.
NEAR_FRACTION = 0.07
# A change that moves the figure by less explains nothing.
LEAST_MOVE_FRACTION = 0.01
# These leave the step's tape as it is: an estimate of them is a few products. They are tried
# with every other change; of the others the pairs that add up to about the figure.
QUICK = ("micro_batch", "sequence_length", "optimizer")
# What these change of a layer is saved once a layer with checkpointing, in all of them without.
CHECKPOINTING = "gradient_checkpointing"
OF_LAYERS = ("attention", "kernels", "lora_dropout", "prepare_kbit")
MOST_SLOW_PAIRS = 6
PAIRS_BESIDE_SINGLES = 2
FARTHEST_SUM_FRACTION = 0.2
MOST_ESTIMATES = 400


@dataclass(frozen=True, slots=True)
class FigureRange:
    """A figure of one kind, in bytes: the least, the likely and the most."""

    low: int
    likely: int
    high: int

    def holds(self, measured_bytes: int) -> bool:
        """Whether a measured figure is this one: in its range, or as near as the estimate is."""
        return self.low <= measured_bytes <= self.high or (
            abs(self.likely - measured_bytes) <= OWN_ERROR_FRACTION * measured_bytes
        )


def figure_of(found: Estimate, kind: FigureKind) -> FigureRange:
    """The estimate's figure of that kind. Reserved is the device's without the CUDA context."""
    peak, device = found.peak_allocated_bytes, found.device_bytes
    if kind == "allocated":
        return FigureRange(peak, peak, peak)
    if kind == "device":
        return FigureRange(device.low, device.likely, device.high)
    _, likely, high = CONTEXT_BYTES
    return FigureRange(peak, max(peak, device.likely - likely), max(peak, device.high - high))


@dataclass(frozen=True, slots=True)
class Changed:
    """A difference made: what it says of these settings, and the values that it changes."""

    setting: str
    words: str
    check: str
    values: Mapping[str, Any]

    def made_in(self, settings: TrainingSettings) -> TrainingSettings:
        return replace(settings, **self.values)


def differences(
    architecture: Architecture, settings: TrainingSettings, *, upward: bool
) -> Iterator[Changed]:
    """Every single difference that these settings leave open and that may move a figure so."""
    modules = set(module_names(architecture))
    for each in DIFFERENCES:
        if (each.of_experts and not architecture.is_moe) or each.raises is (not upward):
            continue
        if not each.applies(settings):
            continue
        old, new = getattr(settings, each.setting), each.value_from(settings)
        most = MAXIMUM_OF_FIELD.get(each.setting)
        if new == old or (most is not None and not 1 <= new <= most):
            continue
        if isinstance(new, tuple) and not modules.issuperset(new):
            continue
        words = each.words.format(old=old, new=new)
        yield Changed(each.setting, words, each.check, {each.setting: new, **each.together})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A run changed in one or two settings, and its figure of the kind that was asked about."""

    changes: tuple[Changed, ...]
    settings: TrainingSettings
    figure: FigureRange


def explain(
    architecture: Architecture,
    settings: TrainingSettings,
    kind: FigureKind,
    measured_bytes: int,
    *,
    limit: int = 5,
) -> tuple[Explanation, ...]:
    """The changes whose likely figure is within 7 % of the measured one.

    Fewest changes first, then the nearest. None takes the figure away from the measured one, and
    no pair holds a change that explains the figure by itself.
    """

    def distance(size: int) -> float:
        return abs(size - measured_bytes) / measured_bytes

    tries = _Tries(architecture, settings, kind)
    now = distance(tries.now)
    found = [
        each
        for each in tries.toward(
            measured_bytes, lambda size: distance(size) <= NEAR_FRACTION, limit
        )
        if distance(each.figure.likely) < min(now, NEAR_FRACTION)
    ]
    found.sort(key=lambda each: (len(each.changes), distance(each.figure.likely)))
    return _varied(found, limit)


def explain_out_of_memory(
    architecture: Architecture, settings: TrainingSettings, card_bytes: int, *, limit: int = 5
) -> tuple[Explanation, ...]:
    """The changes with which a run likely needs more than the card: fewest, then likeliest first.

    Of the values of one setting the first that does.
    """
    tries = _Tries(architecture, settings, "device")
    found = list(
        tries.toward(max(card_bytes, tries.now + 1), lambda size: size > card_bytes, limit)
    )
    first: dict[tuple[str, ...], Explanation] = {}
    for each in sorted(found, key=lambda each: len(each.changes)):
        if each.figure.likely > card_bytes:
            first.setdefault(tuple(change.setting for change in each.changes), each)
    return _varied(first.values(), limit)


def _varied(found: Iterable[Explanation], limit: int) -> tuple[Explanation, ...]:
    """The first of them, none of their changes told more than twice.

    A pair of settings that each explain the figure alone says nothing new; beside single changes
    two pairs are enough.
    """
    told: Counter[str] = Counter()
    alone: set[str] = set()
    chosen: list[Explanation] = []
    singles = 0
    for each in found:
        words = [change.words for change in each.changes]
        settings = {change.setting for change in each.changes}
        if len(chosen) == limit or settings <= alone or any(told[word] > 1 for word in words):
            continue
        if alone and len(settings) > 1 and len(chosen) >= singles + PAIRS_BESIDE_SINGLES:
            continue
        chosen.append(each)
        told.update(words)
        if len(settings) == 1:
            alone |= settings
            singles += 1
    return tuple(chosen)


class _Tries:
    """Runs the estimate with one change, and with two."""

    def __init__(
        self, architecture: Architecture, settings: TrainingSettings, kind: FigureKind
    ) -> None:
        self._architecture = architecture
        self._settings = settings
        self._kind = kind
        self.now = figure_of(estimate(architecture, settings), kind).likely
        self._count = 1

    def toward(
        self, measured_bytes: int, explains: Callable[[int], bool], enough: int
    ) -> Iterator[Explanation]:
        """Single changes that move the likely figure toward the measured one.

        Unless enough of them explain it, then pairs of those that do not, each of which adds
        to the other.
        """
        sign = 1 if measured_bytes > self.now else -1
        movers: list[tuple[Changed, int]] = []
        explained = 0
        for change in differences(self._architecture, self._settings, upward=sign > 0):
            each = self._try(change)
            moved = each.figure.likely - self.now
            if sign * moved < LEAST_MOVE_FRACTION * self.now:
                if change.setting in OF_LAYERS:
                    movers.append((change, moved))
                continue
            yield each
            if explains(each.figure.likely):
                explained += 1
            else:
                movers.append((change, moved))
        if explained < enough:
            yield from self._pairs(movers, measured_bytes)

    def _pairs(
        self, movers: list[tuple[Changed, int]], measured_bytes: int
    ) -> Iterator[Explanation]:
        slow: list[tuple[int, int, Changed, Changed]] = []
        for (one, moved), (other, other_moved) in combinations(movers, 2):
            if set(one.values) & set(other.values):
                continue
            settings = {one.setting, other.setting}
            if settings.intersection(QUICK) or (
                CHECKPOINTING in settings and settings.intersection(OF_LAYERS)
            ):
                if self._count < MOST_ESTIMATES - MOST_SLOW_PAIRS:
                    yield self._try(one, other)
            else:
                gap = abs(self.now + moved + other_moved - measured_bytes)
                if gap <= FARTHEST_SUM_FRACTION * measured_bytes:
                    slow.append((gap, len(slow), one, other))
        for _, _, one, other in sorted(slow)[:MOST_SLOW_PAIRS]:
            yield self._try(one, other)

    def _try(self, *changes: Changed) -> Explanation:
        self._count += 1
        settings = self._settings
        for change in changes:
            settings = change.made_in(settings)
        figure = figure_of(estimate(self._architecture, settings), self._kind)
        return Explanation(changes, settings, figure)

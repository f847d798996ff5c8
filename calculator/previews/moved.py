"""What moves for visitors, as previews show it: old → new, long lists folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# Of more moved figures than these the rest is folded: one reads how many they are, and the largest.
MOST_IN_SIGHT = 10


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that visitors read, as it is and as it would be.

    `ratio` is how many times the smaller amount the larger one is, at least 1; None where they are no
    amounts, or one of them is none.
    """

    what: str
    before: str
    after: str
    ratio: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A size by one method; what stays as it is has no change."""

    size: str
    method: str
    memory: FigureChange | None
    minimum: FigureChange | None
    alternatives: FigureChange | None

    @property
    def parts(self) -> tuple[FigureChange, ...]:
        return tuple(filter(None, (self.memory, self.minimum, self.alternatives)))

    @property
    def what(self) -> str:
        return f"{self.size}, {self.method}"


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """An answer and those of its figures that would be others."""

    slug: str
    question: str
    figures: tuple[FigureChange, ...]
    holes: tuple[str, ...]
    """Placeholders that have a figure now and would have none."""


@dataclass(frozen=True, slots=True)
class Folding:
    """A list of moved figures: `shown` is in sight, `folded` is opened, `largest` said of all."""

    shown: tuple[FigureChange | SizeChange, ...]
    folded: tuple[FigureChange | SizeChange, ...]
    largest: FigureChange | None

    @property
    def count(self) -> int:
        return len(self.shown) + len(self.folded)


@dataclass(frozen=True, slots=True)
class Effects:
    """Everything that would differ for visitors."""

    headlines: tuple[FigureChange, ...] = ()
    figures: tuple[FigureChange, ...] = ()
    sizes: tuple[SizeChange, ...] = ()
    answers: tuple[AnswerChange, ...] = ()

    @property
    def minimum_count(self) -> int:
        """How many of the sizes' minimum GPUs would be others."""
        return sum(each.minimum is not None for each in self.sizes)

    @property
    def figure_list(self) -> Folding:
        return Folding(
            self.figures[:MOST_IN_SIGHT], self.figures[MOST_IN_SIGHT:], largest(self.figures)
        )

    @property
    def size_list(self) -> Folding:
        moves = [
            FigureChange(each.what, each.memory.before, each.memory.after, each.memory.ratio)
            for each in self.sizes
            if each.memory
        ]
        return Folding(self.sizes[:MOST_IN_SIGHT], self.sizes[MOST_IN_SIGHT:], largest(moves))

    def __bool__(self) -> bool:
        return bool(self.headlines or self.figures or self.sizes or self.answers)


def largest(changes: Sequence[FigureChange]) -> FigureChange | None:
    """What moves most, up or down, of those that have an amount before and after."""
    amounts = [each for each in changes if each.ratio is not None]
    return max(amounts, key=lambda each: each.ratio or 0, default=None)


def figure_change(
    what: str,
    before: str,
    after: str,
    amounts: tuple[Decimal | int | None, Decimal | int | None] = (None, None),
) -> FigureChange | None:
    """A figure's change, or None where visitors would read the same."""
    if before == after:
        return None
    was, would_be = amounts
    if not was or not would_be:
        return FigureChange(what, before, after)
    low, high = sorted((Decimal(was), Decimal(would_be)))
    return FigureChange(what, before, after, high / low)

"""What an import or an undo would do to the site: the figures that all of its rows together move."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.looking_ahead.changes import Changes, Preview, shows_consequences
from calculator.models import LanguageModel
from calculator.previews.comparison import Comparison
from calculator.previews.moved import Effects, FigureChange
from calculator.previews.shapes import figure_changes

# A model's figures take 30 ms; of more models than these one looks at a few anyway.
MOST_SHAPES = 10


@dataclass(frozen=True)
class Shape:
    """A language model and what follows from its shape, as it is and as it would be."""

    name: str
    figures: tuple[FigureChange, ...]


@dataclass(frozen=True)
class Consequences:
    """What visitors would read otherwise."""

    effects: Effects
    shapes: tuple[Shape, ...]
    shapes_beyond_count: int

    def __bool__(self) -> bool:
        return bool(self.effects or self.shapes)


@shows_consequences
def preview_consequences(changes: Changes) -> Preview:
    """Old → new of everything that visitors read, of rows that are saved together."""
    return Preview("admin/looking_ahead/_consequences.html", consequences(changes))


def consequences(changes: Changes) -> Consequences:
    """What visitors would read otherwise."""
    models = [
        each for each in changes if isinstance(each.row, LanguageModel) and not each.is_removed
    ]
    shapes = (Shape(str(each.row), tuple(figure_changes(each))) for each in models[:MOST_SHAPES])
    return Consequences(
        changes.once(Comparison).effects,
        tuple(shape for shape in shapes if shape.figures),
        max(0, len(models) - MOST_SHAPES),
    )

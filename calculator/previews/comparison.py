"""The catalog as it is beside the one that changes would make, compared once for all who ask."""

from __future__ import annotations

from functools import cached_property

from calculator.catalog import Catalog, current_catalog
from calculator.looking_ahead.changes import Changes
from calculator.previews.answer_changes import answer_changes
from calculator.previews.effects import effects
from calculator.previews.moved import AnswerChange, Effects
from calculator.previews.what_if import catalog_with


class Comparison:
    """What changes would do to the site; `changes.once(Comparison)` is the one of these changes.

    Guards and previews look at the same answers, and those take most of the time.
    """

    def __init__(self, changes: Changes) -> None:
        self.before: Catalog = current_catalog()
        self.after: Catalog = catalog_with(self.before, changes)

    @cached_property
    def answers(self) -> tuple[AnswerChange, ...]:
        """The answers in both catalogs whose figures differ, or would be gone."""
        return tuple(answer_changes(self.before, self.after))

    @cached_property
    def effects(self) -> Effects:
        """Old → new of everything that visitors read."""
        return effects(self.before, self.after, self.answers)

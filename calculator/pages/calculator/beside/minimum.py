"""The minimum of a precise figure, and what is smaller but tight: in the same words on every page."""

from __future__ import annotations

from calculator.answer.ladder import LadderSetup, tight_with_fewer
from calculator.estimation import Architecture, TrainingSettings
from gpus.labels import setup_label


def minimum_words(smallest: LadderSetup | None) -> str:
    """What a minimum is called: it has room for the likely figure, and not always for the high one."""
    is_tight = smallest is not None and smallest.is_tight
    return "Minimum, where it is tight" if is_tight else "Minimum"


def smaller_but_tight(
    architecture: Architecture,
    settings: TrainingSettings,
    smallest: LadderSetup | None,
    tight: LadderSetup | None,
) -> str:
    """“16× 80 GB (A100 / H100)”: one smaller card, or else fewer of the minimum's; or nothing.

    tight: the smaller single card of the ladder, where there is one.
    """
    found = tight or tight_with_fewer(architecture, settings, smallest)
    return "" if found is None else setup_label(found.setup)

"""What the rest of the site knows of a published language model: immutable, without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture


@dataclass(frozen=True, slots=True)
class LanguageModelSpec:
    """A model of the catalog.

    architecture is None for a model of which the parameters alone are known or modelled;
    `parameters_only_reason` then says why. context_length is what the model was made for, or None. aliases are further names that find it.
    """

    slug: str
    name: str
    hf_id: str
    family: str
    license: str
    released_on: dt.date | None
    params_total_count: int
    params_active_count: int
    architecture: Architecture | None
    parameters_only_reason: str
    source: str
    context_length: int | None = None
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that the model is called beside its slug, aliases included."""
        return (self.name, self.hf_id, *self.aliases)

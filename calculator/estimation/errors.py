"""What the core raises for bad input: pairs of a field and a sentence about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with the input: the field's name, and what is wrong in plain words.

    reason says the same to a program: missing, unknown_name, not_a_choice, out_of_bounds, or
    invalid for anything else.
    """

    field: str
    message: str
    reason: str = dataclass_field(default="invalid", compare=False)


class InputError(ValueError):
    """Bad input, with one `FieldError` for each thing that is wrong."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors: tuple[FieldError, ...] = tuple(errors)
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))


class ConfigError(InputError):
    """A model's architecture that cannot be read or is outside the bounds."""


class SettingsError(InputError):
    """Training settings that cannot be read or are outside the bounds."""

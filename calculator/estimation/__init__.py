"""The estimation core: what fine-tuning takes. Pure Python; it imports nothing of Django."""

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.errors import ConfigError, FieldError, InputError, SettingsError
from calculator.estimation.estimate import (
    COMPONENTS,
    FORMULA_VERSION,
    BreakdownItem,
    Estimate,
    estimate,
)
from calculator.estimation.settings import TrainingSettings, settings_from_mapping

__all__ = [
    "COMPONENTS",
    "FORMULA_VERSION",
    "Architecture",
    "BreakdownItem",
    "ConfigError",
    "Estimate",
    "FieldError",
    "InputError",
    "SettingsError",
    "TrainingSettings",
    "estimate",
    "settings_from_mapping",
]

"""What stands beside every figure of the rule of thumb: a typical run of a model of that size.

The rule of thumb knows a model's size and nothing of the run. A run as people start it, one sequence
of 2,048 tokens at a time with gradient checkpointing, is estimated from the architecture that is
usual for the size, by the same step as every precise figure.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.device import DeviceBytes
from calculator.estimation.estimate import Estimate, estimate
from calculator.estimation.settings import CHOICES, TrainingSettings, settings_from_mapping

TYPICAL_METHODS = CHOICES["method"]
TYPICAL_TOKENS_COUNT = TrainingSettings().sequence_length


@lru_cache(maxsize=len(TYPICAL_METHODS))
def typical_settings(method: str) -> TrainingSettings:
    """The settings of a run of which nothing is stated but the method."""
    return settings_from_mapping({}, method=method)


def typical_estimate(params_b: Decimal, method: str) -> Estimate:
    """A typical run of a model of so many billion parameters, on one GPU.

    Raises:
        ValueError: the size is not above 0.
        SettingsError: there is no such method.
    """
    return estimate(typical_architecture(params_b), typical_settings(method))


@lru_cache(maxsize=4096)
def typical_device_bytes(params_b: Decimal, method: str) -> DeviceBytes:
    """The device bytes of a typical run. They follow from code alone, whatever editors change."""
    return typical_estimate(params_b, method).device_bytes

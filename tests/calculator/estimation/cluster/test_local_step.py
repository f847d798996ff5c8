"""What one GPU's operations see, said in two ways."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.local_step import local_numerics, local_settings
from calculator.estimation.cluster.sharding import STRATEGIES, Sharding
from calculator.estimation.settings import CHOICES
from calculator.estimation.step.numerics import numerics_of


@settings(max_examples=300)
@given(data=st.data(), strategy=st.sampled_from(STRATEGIES))
def test_local_numerics_are_those_of_the_local_settings(data, strategy):
    """Whatever is set: every choice and switch that the settings have is drawn."""
    values: dict[str, Any] = {
        name: data.draw(st.sampled_from(choices)) for name, choices in CHOICES.items()
    }
    for field in fields(TrainingSettings):
        if isinstance(field.default, bool):
            values[field.name] = data.draw(st.booleans())
    training = TrainingSettings(**values)
    sharding = Sharding(strategy, 1)

    assert local_numerics(training, sharding) == numerics_of(local_settings(training, sharding))

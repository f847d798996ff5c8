"""Trainers' defaults are settings, and what is stated goes before them."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from calculator.estimation import TrainingSettings, estimate, settings_from_mapping
from calculator.estimation.settings import Trainer
from calculator.estimation.trainers import TRAINERS

from .architectures import architecture

METHODS = ("full", "lora", "qlora")


def test_every_trainer_that_can_be_chosen_has_defaults_with_version_and_sources():
    assert set(TRAINERS) == set(get_args(Trainer)) - {""}
    for trainer in TRAINERS.values():
        assert trainer.name
        assert trainer.version
        assert trainer.sources


@pytest.mark.parametrize("slug", TRAINERS)
@pytest.mark.parametrize("method", METHODS)
def test_defaults_are_valid_settings_that_can_be_estimated(slug, method):
    values = TRAINERS[slug].values_for(method)

    settings = settings_from_mapping({"trainer": slug}, method=method)

    assert set(values) <= {each.name for each in fields(TrainingSettings)}
    assert settings.trainer == slug
    assert all(getattr(settings, name) == value for name, value in values.items())
    assert estimate(architecture("llama-3-1-8b"), settings).peak_allocated_bytes > 0


def test_what_is_stated_goes_before_the_trainers_default():
    settings = settings_from_mapping({"trainer": "trl", "micro_batch": 1}, method="lora")

    assert settings.micro_batch == 1
    assert settings.sequence_length == 1_024


def test_a_default_of_the_method_goes_before_the_one_of_every_method():
    assert TRAINERS["torchtune"].values_for("full")["optimizer"] == "paged_adamw_8bit"
    assert TRAINERS["torchtune"].values_for("lora")["optimizer"] == "adamw"


def test_asking_for_defaults_changes_none():
    TRAINERS["trl"].values_for("qlora")["micro_batch"] = 99

    assert TRAINERS["trl"].values_for("qlora")["micro_batch"] == 8

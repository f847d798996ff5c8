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
        assert all(default.source for default in trainer.defaults)


@pytest.mark.parametrize("slug", TRAINERS)
def test_no_default_is_stated_twice_for_a_method(slug):
    stated = [(each.setting, m) for each in TRAINERS[slug].defaults for m in each.methods]

    assert len(stated) == len(set(stated))


@pytest.mark.parametrize("slug", TRAINERS)
@pytest.mark.parametrize("method", METHODS)
def test_defaults_are_valid_settings_that_can_be_estimated(slug, method):
    values = TRAINERS[slug].values_for(method)

    settings = settings_from_mapping({"trainer": slug}, method=method)

    assert set(values) <= {each.name for each in fields(TrainingSettings)}
    assert values
    assert settings.trainer == slug
    assert all(getattr(settings, name) == value for name, value in values.items())
    assert estimate(architecture("llama-3-1-8b"), settings).peak_allocated_bytes > 0


def test_what_is_stated_goes_before_the_trainers_default():
    settings = settings_from_mapping({"trainer": "trl", "micro_batch": 1}, method="lora")

    assert settings.micro_batch == 1
    assert settings.sequence_length == 1_024


@pytest.mark.parametrize(
    ("slug", "method", "setting", "value"),
    [
        ("trl", "lora", "lora_rank", 16),
        ("trl", "qlora", "adapter_precision", "bf16"),
        ("unsloth", "full", "recipe", "pure_bf16"),
        ("unsloth", "lora", "gradient_accumulation", 2),
        ("axolotl", "qlora", "prepare_kbit", False),
        ("axolotl", "full", "sequence_length", 512),
        ("axolotl", "qlora", "reentrant_checkpoints", True),
        ("llama-factory", "lora", "lora_rank", 8),
        ("torchtune", "full", "optimizer", "paged_adamw_8bit"),
        ("torchtune", "lora", "optimizer", "adamw"),
    ],
)
def test_defaults_that_people_rely_on(slug, method, setting, value):
    assert getattr(settings_from_mapping({"trainer": slug}, method=method), setting) == value


def test_asking_for_defaults_changes_none():
    TRAINERS["trl"].values_for("qlora")["micro_batch"] = 99

    assert TRAINERS["trl"].values_for("qlora")["micro_batch"] == 8

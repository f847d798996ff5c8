"""What each option of a setting would change: the run estimated again with it, less the run as is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from calculator.estimation import Architecture, SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.question.cluster import ONE_GPU, changed_cluster
from calculator.question.setting_fields import SettingField
from calculator.question.training_form import Run, parse

Differences = Mapping[str, int | None]
"""Likely device bytes by method; None where the method lacks the setting or cannot run so."""


def differences_of_setting(
    architecture: Architecture,
    run: Run,
    sharding: Sharding,
    setting: SettingField,
    methods: Iterable[str],
) -> dict[str, Differences]:
    """For each option of a choice what it would add to a GPU's likely device bytes."""
    found: dict[str, dict[str, int | None]] = {option: {} for option, _ in setting.choices}
    for method in methods:
        now = run.settings_for(method)
        before = _likely(architecture, now, sharding)
        for option in found:
            after = None
            if method in setting.methods:
                change: dict[str, Any] = {setting.name: parse(setting.name, option)}
                after = _changed(architecture, now, change, sharding)
            found[option][method] = _less(after, before)
    return dict(found)


def differences_of_cluster(
    architecture: Architecture,
    run: Run,
    sharding: Sharding,
    setting: SettingField,
    methods: Iterable[str],
) -> dict[str, Differences]:
    """The same of a choice that says how the run is spread over GPUs."""
    found: dict[str, dict[str, int | None]] = {option: {} for option, _ in setting.choices}
    for method in methods:
        now = run.settings_for(method)
        before = _likely(architecture, now, sharding)
        for option in found:
            changed = changed_cluster(sharding, setting.name, option)
            after = None if changed is None else _changed(architecture, now, {}, changed)
            found[option][method] = _less(after, before)
    return dict(found)


def _changed(
    architecture: Architecture,
    settings: TrainingSettings,
    change: dict[str, Any],
    sharding: Sharding,
) -> int | None:
    try:
        return _likely(architecture, replace(settings, **change), sharding)
    except SettingsError:
        return None


def _likely(architecture: Architecture, settings: TrainingSettings, sharding: Sharding) -> int:
    if sharding == ONE_GPU:
        return estimate(architecture, settings).device_bytes.likely
    return estimate_sharded(architecture, settings, sharding).device_bytes.likely


def _less(after: int | None, before: int) -> int | None:
    return None if after is None else after - before

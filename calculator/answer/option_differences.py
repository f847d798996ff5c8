"""What each option of a setting would change: the run estimated again with it, less the run as is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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

    def after(method: str, now: TrainingSettings, option: str) -> int | None:
        if method not in setting.methods:
            return None
        change: dict[str, Any] = {setting.name: parse(setting.name, option)}
        return _changed(architecture, now, change, sharding)

    return _differences(architecture, run, sharding, setting, methods, after)


def differences_of_cluster(
    architecture: Architecture,
    run: Run,
    sharding: Sharding,
    setting: SettingField,
    methods: Iterable[str],
) -> dict[str, Differences]:
    """The same of a choice that says how the run is spread over GPUs."""

    def after(method: str, now: TrainingSettings, option: str) -> int | None:
        changed = changed_cluster(sharding, setting.name, option)
        return None if changed is None else _changed(architecture, now, {}, changed)

    return _differences(architecture, run, sharding, setting, methods, after)


def _differences(
    architecture: Architecture,
    run: Run,
    sharding: Sharding,
    setting: SettingField,
    methods: Iterable[str],
    after: Callable[[str, TrainingSettings, str], int | None],
) -> dict[str, Differences]:
    """What `after` says of each method and option, less the run as it is."""
    found: dict[str, dict[str, int | None]] = {option: {} for option, _ in setting.choices}
    for method in methods:
        now = run.settings_for(method)
        before = _likely(architecture, now, sharding)
        for option, by_method in found.items():
            by_method[method] = _less(after(method, now, option), before)
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

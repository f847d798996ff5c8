"""The published methods and the memory tiers: all that the rule of thumb's figures follow from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from calculator.estimation.rule_of_thumb import MethodSpec
from calculator.presets.models import MethodPreset, Task
from gpus.catalog import gpus_of, load_tiers
from gpus.specs import GpuSpec, TierSpec


@dataclass(frozen=True, kw_only=True)
class Figures:
    tiers: tuple[TierSpec, ...]
    training_methods: tuple[MethodSpec, ...]
    inference_methods: tuple[MethodSpec, ...]

    @cached_property
    def gpus(self) -> tuple[GpuSpec, ...]:
        return gpus_of(self.tiers)

    @cached_property
    def usable_tiers(self) -> tuple[TierSpec, ...]:
        """The tiers by what their cards have for a run, which precise figures are fitted into."""
        return tuple(tier.as_usable() for tier in self.tiers)

    @cached_property
    def methods_by_slug(self) -> dict[str, MethodSpec]:
        return {m.slug: m for m in (*self.training_methods, *self.inference_methods)}

    @cached_property
    def tiers_by_gb(self) -> dict[int, TierSpec]:
        return {tier.memory_gb: tier for tier in self.tiers}

    def methods(self, task: str) -> tuple[MethodSpec, ...]:
        return self.training_methods if task == Task.TRAINING else self.inference_methods


def published_figures() -> Figures:
    """The figures as the rows stand now, read from the database."""
    presets = MethodPreset.objects.filter(published=True).prefetch_related("parts")
    by_task = {
        task: tuple(preset.to_spec() for preset in presets if preset.task == task) for task in Task
    }
    return Figures(
        tiers=load_tiers(),
        training_methods=by_task[Task.TRAINING],
        inference_methods=by_task[Task.INFERENCE],
    )

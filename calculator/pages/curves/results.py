"""A method's device bytes at many lengths, sizes or batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings, estimate
from calculator.estimation.architectures.typical import typical_architecture

Axis = Literal["length", "batch", "size"]
AXES: tuple[Axis, ...] = ("length", "batch", "size")
LENGTHS = (256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
BATCHES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Point:
    """One figure: at `x`, with its low and its high end."""

    x: Decimal
    low_bytes: int
    likely_bytes: int
    high_bytes: int


@dataclass(frozen=True, slots=True)
class Curve:
    method: str
    points: tuple[Point, ...]


def curves(
    catalog: Catalog,
    axis: Axis,
    architecture: Architecture,
    settings_of: Mapping[str, TrainingSettings],
) -> tuple[Curve, ...]:
    """One curve for each method; on the size axis of typical architectures."""
    return tuple(
        Curve(method, tuple(_points(catalog, axis, architecture, settings)))
        for method, settings in settings_of.items()
    )


def values_of(catalog: Catalog, axis: Axis) -> tuple[Decimal, ...]:
    """Where a curve has its points."""
    if axis == "size":
        return tuple(sorted(catalog.sizes_b))
    return tuple(Decimal(value) for value in (LENGTHS if axis == "length" else BATCHES))


def own_value(axis: Axis, settings: TrainingSettings, params_b: Decimal) -> Decimal:
    """Where on the axis the question itself stands."""
    if axis == "size":
        return params_b
    return Decimal(settings.sequence_length if axis == "length" else settings.micro_batch)


def _points(
    catalog: Catalog, axis: Axis, architecture: Architecture, settings: TrainingSettings
) -> list[Point]:
    points = []
    for value in values_of(catalog, axis):
        model, run = architecture, settings
        if axis == "length":
            run = replace(settings, sequence_length=int(value))
        elif axis == "batch":
            run = replace(settings, micro_batch=int(value))
        else:
            model = typical_architecture(value)
        device = estimate(model, run).device_bytes
        points.append(Point(value, device.low, device.likely, device.high))
    return points

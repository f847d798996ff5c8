"""A floor under what a step's activations take: what layers have saved, without a backward pass.

It needs each kind of layer run forward alone (`saved_by_layer`), for plain settings that many runs
share, so that most of what cannot fit is ruled out before its step is worked through.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.step.decoder_layer import saved_by_layer
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.sizes import NOTHING, Size
from calculator.estimation.step.timeline import layer_keys, of_each_kind, residual_width


@lru_cache(maxsize=4096)
def least_saved(
    architecture: Architecture, numerics: Numerics, masked: bool
) -> tuple[tuple[Size, ...], Size]:
    """Bytes of moments of the backward pass, and of the loss, that no run is below.

    With checkpointing a moment of the backward pass is a layer recomputed, beside the inputs of
    the layers before it. Without, everything is there when the loss is computed, and when the last
    layer runs backward. What was offloaded is not counted, but for the layer that runs.
    """
    width = residual_width(architecture, numerics)
    base = architecture.unnamed(scaled=False)
    keys = layer_keys(architecture, numerics, masked)
    saved = of_each_kind(saved_by_layer, base, numerics.of_saved(), keys, width)
    # Casts and dequantised weights are of a scaled architecture's own size.
    fraction = min(1.0, architecture.parameter_scale_fraction)
    saved = {key: size._replace(fixed=size.fixed * fraction) for key, size in saved.items()}
    if not numerics.checkpointing and numerics.offload != "saved_tensors":
        total = NOTHING
        for key, count in Counter(keys).items():
            total = total.plus(saved[key].times(count))
        return (total,), total
    held = NOTHING
    if numerics.offload == "none":
        held = Size(token=float(architecture.hidden_size * width))
    last = {key: index for index, key in enumerate(keys)}
    return tuple(saved[key].plus(held.times(index)) for key, index in last.items()), held.times(
        len(keys)
    )

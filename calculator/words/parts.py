"""What kind of thing a part of the memory is, which is its colour wherever it is drawn.

Parts are known by the core's names of components and by the slugs of the presets' parts, which
editors keep; a slug that is not known has the colour of what is neither.
"""

from __future__ import annotations

WEIGHTS, ADAPTERS, GRADIENTS, OPTIMIZER = "weights", "adapters", "gradients", "optimizer"
ACTIVATIONS, LOSS, PASSING = "activations", "loss", "passing"
KINDS = (WEIGHTS, ADAPTERS, GRADIENTS, OPTIMIZER, ACTIVATIONS, LOSS, PASSING)

_KINDS_OF = {
    "weights": WEIGHTS,
    "master-weights": WEIGHTS,
    "quantization-constants": WEIGHTS,
    "scales": WEIGHTS,
    "adapters": ADAPTERS,
    "gradients": GRADIENTS,
    "gradients_in_flight": GRADIENTS,
    "optimizer_states": OPTIMIZER,
    "adam-first-moment": OPTIMIZER,
    "adam-second-moment": OPTIMIZER,
    "activations": ACTIVATIONS,
    "checkpoints": ACTIVATIONS,
    "saved_activations": ACTIVATIONS,
    "recomputed_layer": ACTIVATIONS,
    "running_layer": ACTIVATIONS,
    "final_norm": ACTIVATIONS,
    "activation_gradients": ACTIVATIONS,
    "kv-cache": ACTIVATIONS,
    "logits_and_loss": LOSS,
}


def kind_of(part: str) -> str:
    """The kind of a component or of a preset's part; copies, buffers and the unknown pass."""
    return _KINDS_OF.get(part, PASSING)

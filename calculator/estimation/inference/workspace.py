"""What one step holds while it runs: a layer's widest operation, hidden states and logits."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, LayerKind
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.inference.runtimes import Runtime
from calculator.estimation.inference.settings import InferenceSettings


def prefill_step_tokens(settings: InferenceSettings, runtime: Runtime) -> int:
    """Tokens of one step while prompts are read: all of them, or as many as one step may take."""
    asked = settings.sequences * settings.context_length
    most = settings.prefill_tokens or runtime.prefill_tokens
    return min(asked, most) if most else asked


def workspace_bytes(
    architecture: Architecture, settings: InferenceSettings, runtime: Runtime, step_tokens: int
) -> int:
    """Bytes of one step of so many tokens beside weights and cache.

    A layer's tensors are gone when the next one starts, so that the widest counts once. llama.cpp
    reserves one buffer for the graph, in which logits take the place of the layers: its logs state
    no more than the logits and two hidden states.
    """
    hidden = runtime.held_hidden_states * architecture.hidden_size * runtime.value_bytes
    if runtime.all_logits:
        logits = step_tokens * architecture.vocab_size * runtime.logits_bytes
        layer = step_tokens * _widest_layer_values(architecture) * runtime.value_bytes
        return max(logits, layer) + step_tokens * hidden
    layer_bytes = _widest_layer_values(architecture) * runtime.value_bytes
    logits = settings.sequences * architecture.vocab_size * runtime.logits_bytes
    return step_tokens * (layer_bytes + hidden) + logits


@lru_cache(maxsize=1024)
def _widest_layer_values(architecture: Architecture) -> int:
    """Values per token of the widest operation of any layer."""
    return max(
        max(_attention_values(architecture, kind), _mlp_values(architecture, kind))
        for kind in set(architecture.layer_kinds())
    )


def _attention_values(architecture: Architecture, kind: LayerKind) -> int:
    """What attention's maps put out before the last one, whose input stands beside them."""
    modules = attention_modules(architecture, kind[0])
    if not modules:
        return 0
    return sum(module.output_size for module in modules[:-1]) + modules[-1].input_size


def _mlp_values(architecture: Architecture, kind: LayerKind) -> int:
    """Gate, up and their product; of experts, for each that a token uses, with their outputs."""
    mlp = kind[1]
    matrices = 3 if architecture.traits.gated_mlp else 2
    if mlp == "none":
        return 0
    if mlp != "moe":
        return matrices * architecture.intermediate_size * (2 if mlp == "wide" else 1)
    routed = architecture.experts_per_token * (
        matrices * architecture.expert_intermediate_size + architecture.hidden_size
    )
    return max(routed, matrices * architecture.shared_intermediate_size)

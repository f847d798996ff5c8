"""Floating-point operations of training on one token: what time and cost follow from.

Counted as for model and hardware FLOPs utilisation (PaLM, arXiv 2204.02311, appendix B; activation
recomputation, arXiv 2205.05198): a multiply-add is two operations, attention counts the whole
score matrix although a causal kernel skips half of it, norms and activation functions are left
out. Published utilisations are counted so, and a time needs the same count on both sides.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.linear_modules import LIGHTNING_BLOCK_TOKENS
from calculator.estimation.architectures.parameters import layer_parameters
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import numerics_of
from calculator.estimation.step.resident import trained_parameters

# A gated delta rule updates and reads a key × value state per head: a decay, an outer product and
# a product, each a multiply-add per entry (Gated DeltaNet, arXiv 2412.06464).
DELTA_RULE_OPERATIONS_PER_STATE_ENTRY = 6
# A state space adds an outer product to its decayed state and reads it: two multiply-adds per
# entry (Mamba-2, arXiv 2405.21060).
STATE_SPACE_OPERATIONS_PER_STATE_ENTRY = 4


@dataclass(frozen=True, slots=True)
class TokenFlops:
    """Operations for one token of one step, by what they are for."""

    forward: float
    activation_gradients: float
    weight_gradients: float
    recomputation: float

    @property
    def total(self) -> float:
        return (
            self.forward + self.activation_gradients + self.weight_gradients + self.recomputation
        )


@lru_cache(maxsize=4096)
def flops_per_token(architecture: Architecture, settings: TrainingSettings) -> TokenFlops:
    """Operations of one training step for each token.

    Every active weight of a matrix product takes 2 forward, 2 for the gradient of its input and,
    if it is trained, 2 for its own: 6 for full fine-tuning, 4 with a frozen base and 6 for the
    adapters. Looking up an embedding is no product; the head is one. Checkpointing runs the
    layers' forward pass a second time.
    """
    layers, head = _matmul_weights(architecture)
    attention = _attention_flops(architecture, settings.sequence_length)
    adapters = 0
    if settings.trains_adapters:
        adapters = trained_parameters(architecture, numerics_of(settings)).count
    forward_layers = 2 * (layers + adapters) + attention
    trained = adapters if settings.trains_adapters else layers + head
    return TokenFlops(
        forward=forward_layers + 2 * head,
        # Both of attention's products pass a gradient to both of their factors.
        activation_gradients=2 * (layers + adapters + head) + 2 * attention,
        weight_gradients=2 * trained,
        recomputation=forward_layers if settings.gradient_checkpointing else 0.0,
    )


@lru_cache(maxsize=1024)
def _matmul_weights(architecture: Architecture) -> tuple[float, float]:
    """Weights that a token is multiplied with: in all layers, and in the head."""
    layers = 0.0
    for (attention, mlp), count in Counter(architecture.layer_kinds()).items():
        layer = layer_parameters(architecture, attention, mlp)
        router = architecture.expert_count * architecture.hidden_size if mlp == "moe" else 0
        linear = layer.linear_count * architecture.parameter_scale_fraction
        layers += count * (linear + layer.active_expert_count + router)
    return layers, float(architecture.vocab_size * architecture.hidden_size)


def _attention_flops(architecture: Architecture, sequence_length: int) -> float:
    """Operations of all layers' attention, forward, for one token."""
    kinds = Counter(attention for attention, _ in architecture.layer_kinds())
    return sum(
        count * _one_attention(architecture, kind, sequence_length)
        for kind, count in kinds.items()
    )


def _one_attention(architecture: Architecture, kind: AttentionKind, sequence_length: int) -> float:
    if kind in ("none", "convolution"):
        return 0.0
    if kind in ("mamba", "mamba_and_full"):
        state = architecture.mamba_head_count * architecture.mamba_head_dim
        scan = float(
            STATE_SPACE_OPERATIONS_PER_STATE_ENTRY * state * architecture.mamba_state_size
        )
        if kind == "mamba":
            return scan
        return scan + _one_attention(architecture, "full", sequence_length)
    if kind == "linear" and architecture.traits.lightning:
        # Scores and their sums over a block, then the state's reading and its update.
        size = architecture.linear_value_head_count * architecture.linear_head_dim
        return 4.0 * size * (LIGHTNING_BLOCK_TOKENS + architecture.linear_head_dim)
    if kind == "linear":
        state = architecture.linear_value_head_count * architecture.linear_head_dim**2
        return float(DELTA_RULE_OPERATIONS_PER_STATE_ENTRY * state)
    length = sequence_length
    if kind == "sliding":
        length = min(length, architecture.sliding_window)
    head_dim = architecture.qk_head_dim
    value_dim = architecture.v_head_dim if architecture.is_latent else head_dim
    if kind == "full" and architecture.global_head_dim:
        head_dim = value_dim = architecture.global_head_dim
    return 2.0 * length * architecture.head_count * (head_dim + value_dim)

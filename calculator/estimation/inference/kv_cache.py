"""What a sequence leaves in memory for its next token: keys and values, or a state.

Layers that attend to everything keep an entry for each token; layers with a window as many as the
window; recurrent layers a state that does not grow. Layers that share another's keys keep none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.linear_modules import mamba_sizes
from calculator.estimation.inference.runtimes import Runtime
from calculator.estimation.inference.settings import InferenceSettings

# Recurrent states stay in fp32: "S (f32)" in llama.cpp's log, mamba_ssm_dtype in the configurations.
STATE_BYTES = 4
# Per token and layer, an indexer of sparse attention keeps one 8-bit key and its fp32 scale
# (vllm/model_executor/models/deepseek_v2.py, DeepseekV32IndexerCache: head_dim + 4 bytes).
INDEX_SCALE_BYTES = 4


@dataclass(frozen=True, slots=True)
class CacheShape:
    """A model's cache: what it takes per token, and what once per sequence.

    full_bytes: per token, of the layers that attend to everything. window_bytes: per token, of the
    layers with a window. state_bytes: per sequence, of the recurrent layers.
    largest_layer_bytes: per token, of the layer that keeps most.
    """

    full_layer_count: int
    window_layer_count: int
    state_layer_count: int
    full_bytes: float
    window_bytes: float
    state_bytes: int
    largest_layer_bytes: float


@dataclass(frozen=True, slots=True)
class CacheBytes:
    """The cache of all sequences, by the kind of layer that it is of."""

    full_bytes: int
    window_bytes: int
    state_bytes: int

    @property
    def total_bytes(self) -> int:
        return self.full_bytes + self.window_bytes + self.state_bytes


@lru_cache(maxsize=4096)
def cache_shape(architecture: Architecture, runtime: Runtime, kv_precision: str) -> CacheShape:
    """Add the layers up: 2 · KV heads · head size · bytes each, or what stands for it.

    Sources: grouped queries arXiv 2305.13245; latent attention arXiv 2405.04434, section 2.1
    (kv_lora_rank + qk_rope_head_dim values); Mamba-2 arXiv 2405.21060; gated DeltaNet arXiv
    2412.06464 (a matrix of key size × value size per value head).
    """
    value_bytes = runtime.kv_bits[kv_precision] / 8
    counts = {"full": 0, "window": 0, "state": 0}
    full = window = largest = 0.0
    state = 0
    for kind, _ in architecture.layer_kinds():
        own_state = _state_bytes(architecture, kind, runtime)
        if own_state:
            counts["state"] += 1
            state += own_state
        per_token = _values_per_token(architecture, kind, runtime) * value_bytes
        if not per_token:
            continue
        if architecture.index_head_count:
            per_token += architecture.index_head_dim + INDEX_SCALE_BYTES
        largest = max(largest, per_token)
        if kind == "sliding":
            counts["window"] += 1
            window += per_token
        else:
            counts["full"] += 1
            full += per_token
    return CacheShape(
        counts["full"], counts["window"], counts["state"], full, window, state, largest
    )


def cache_bytes(
    architecture: Architecture, settings: InferenceSettings, runtime: Runtime, step_tokens: int
) -> CacheBytes:
    """The cache of `settings.sequences` sequences of `settings.context_length` tokens each.

    step_tokens: what one step adds before it drops what has left the window; those that the
    runtime keeps room for stand beside the windows.
    """
    shape = cache_shape(architecture, runtime, settings.kv_precision)
    all_tokens = settings.sequences * settings.context_length
    window = min(settings.context_length, architecture.sliding_window)
    windowed = settings.sequences * window + (step_tokens if runtime.window_tokens else 0)
    return CacheBytes(
        full_bytes=round(shape.full_bytes * all_tokens),
        window_bytes=round(shape.window_bytes * min(all_tokens, windowed)),
        state_bytes=shape.state_bytes * settings.sequences,
    )


def _values_per_token(architecture: Architecture, kind: AttentionKind, runtime: Runtime) -> int:
    """Values that a layer keeps for each token."""
    if kind not in ("full", "sliding", "mamba_and_full"):
        return 0
    if architecture.is_latent:
        if runtime.compresses_latent:
            return architecture.kv_lora_rank + architecture.qk_rope_head_dim
        return architecture.head_count * (architecture.qk_head_dim + architecture.v_head_dim)
    if kind == "full" and architecture.global_head_dim:
        heads = architecture.global_kv_head_count or architecture.kv_head_count
        return 2 * heads * architecture.global_head_dim
    return 2 * architecture.kv_size


def _state_bytes(architecture: Architecture, kind: AttentionKind, runtime: Runtime) -> int:
    """Bytes of a recurrent layer's state: of its recurrence, and of its short convolution."""
    kept = max(0, architecture.linear_conv_kernel - 1) * runtime.conv_state_bytes
    if kind == "linear":
        size = architecture.linear_head_dim
        heads = architecture.linear_value_head_count
        mixed = (2 * architecture.linear_key_head_count + heads) * size
        return heads * size * size * STATE_BYTES + mixed * kept
    if kind in ("mamba", "mamba_and_full"):
        sizes = mamba_sizes(architecture)
        return sizes.inner * architecture.mamba_state_size * STATE_BYTES + sizes.mixed * kept
    if kind == "convolution":
        return architecture.hidden_size * kept
    return 0

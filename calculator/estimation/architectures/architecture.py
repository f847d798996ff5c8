"""The architecture of a decoder-only language model: what its memory follows from.

An `Architecture` holds sizes as its configuration states them; how the family arranges them into
operations is `FamilyTraits`. Counting the parameters is in `parameters.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.families import FamilyTraits
from calculator.estimation.errors import ConfigError, FieldError

AttentionKind = Literal[
    "full",
    "sliding",
    "linear",
    "convolution",
    "mamba",
    "mamba_and_full",
    "none",
    "shared_full",
    "shared_sliding",
]
MlpKind = Literal["dense", "wide", "sparse", "moe", "none"]
# Layers whose tokens attend to one another: the only ones with a mask and rotary positions.
ATTENDING: frozenset[AttentionKind] = frozenset(
    {"full", "sliding", "mamba_and_full", "shared_full", "shared_sliding"}
)
# A layer's kind where it takes keys and values from the last layer of its kind that makes any.
SHARING: dict[AttentionKind, AttentionKind] = {
    "full": "shared_full",
    "sliding": "shared_sliding",
}
LayerKind = tuple[AttentionKind, MlpKind]

# Bounds that no published model comes near (Kimi K3: 896 experts, 93 layers, hidden size 7,168),
# so that a nonsensical configuration is refused rather than computed.
MAXIMUM_OF_FIELD: dict[str, int] = {
    "hidden_size": 262_144,
    "layer_count": 1_024,
    "head_count": 4_096,
    "kv_head_count": 4_096,
    "head_dim": 16_384,
    "intermediate_size": 4_194_304,
    "vocab_size": 16_777_216,
    "expert_count": 16_384,
    "experts_per_token": 1_024,
    "expert_intermediate_size": 1_048_576,
    "shared_intermediate_size": 1_048_576,
    "dense_layer_count": 1_024,
    "moe_layer_interval": 1_024,
    "q_lora_rank": 65_536,
    "kv_lora_rank": 65_536,
    "qk_nope_head_dim": 16_384,
    "qk_rope_head_dim": 16_384,
    "v_head_dim": 16_384,
    "sliding_window": 1_073_741_824,
    "linear_layer_count": 1_024,
    "linear_key_head_count": 4_096,
    "linear_value_head_count": 4_096,
    "linear_head_dim": 16_384,
    "linear_conv_kernel": 1_024,
    "mamba_head_count": 4_096,
    "mamba_head_dim": 16_384,
    "mamba_state_size": 16_384,
    "mamba_group_count": 4_096,
    "mamba_chunk_size": 65_536,
    "index_head_count": 4_096,
    "index_head_dim": 16_384,
    "global_head_dim": 16_384,
    "global_kv_head_count": 4_096,
    "per_layer_input_size": 65_536,
    "per_layer_vocab_size": 16_777_216,
    "shared_kv_layer_count": 1_024,
    "altup_input_count": 64,
    "laurel_rank": 65_536,
    "sparse_layer_count": 1_024,
    "position_count": 1_073_741_824,
    "vision_parameter_count": 1_000_000_000_000,
}
_AT_LEAST_ONE = (
    "hidden_size",
    "layer_count",
    "head_count",
    "kv_head_count",
    "head_dim",
    "vocab_size",
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of a decoder-only transformer. All are counts; 0 means that the model has none.

    Raises:
        ConfigError: a size is missing, out of its bounds (`MAXIMUM_OF_FIELD`) or at odds with
            another.
    """

    name: str
    model_type: str
    hidden_size: int
    layer_count: int
    head_count: int
    kv_head_count: int
    head_dim: int
    intermediate_size: int
    vocab_size: int
    tied_embeddings: bool
    expert_count: int = 0
    experts_per_token: int = 0
    expert_intermediate_size: int = 0
    shared_intermediate_size: int = 0
    dense_layer_count: int = 0
    """Layers at the start that keep a dense MLP in a mixture of experts."""
    moe_layer_interval: int = 1
    """After the dense start, every n-th layer has experts (Llama 4 Maverick: 2)."""
    q_lora_rank: int = 0
    kv_lora_rank: int = 0
    qk_nope_head_dim: int = 0
    qk_rope_head_dim: int = 0
    v_head_dim: int = 0
    sliding_window: int = 0
    linear_layer_count: int = 0
    linear_key_head_count: int = 0
    linear_value_head_count: int = 0
    linear_head_dim: int = 0
    linear_conv_kernel: int = 0
    """Tokens that the short convolution of a layer sees: DeltaNet's, Mamba-2's and LFM2's."""
    mamba_head_count: int = 0
    mamba_head_dim: int = 0
    mamba_state_size: int = 0
    mamba_group_count: int = 0
    mamba_chunk_size: int = 0
    index_head_count: int = 0
    index_head_dim: int = 0
    """Heads of the indexer that picks the tokens to attend to (DeepSeek-V3.2, GLM-5)."""
    global_head_dim: int = 0
    """Gemma 4: head size of the layers without a window."""
    global_kv_head_count: int = 0
    per_layer_input_size: int = 0
    """Gemma 3n and 4 E: width of what each layer gets from an embedding of its own."""
    per_layer_vocab_size: int = 0
    shared_kv_layer_count: int = 0
    """Layers at the end that take keys and values from the layers before them."""
    altup_input_count: int = 0
    """Gemma 3n: residual streams side by side, of which a layer computes one (AltUp); 0: one."""
    laurel_rank: int = 0
    """Gemma 3n: rank of the learned residual beside attention (LAuReL)."""
    sparse_layer_count: int = 0
    """Gemma 3n: layers at the start whose MLP lets the largest of its gates through alone."""
    position_count: int = 0
    """Rows of a learned position embedding (GPT-2: 1,024); 0 with rotary positions."""
    vision_parameter_count: int = 0
    stated_layers: tuple[LayerKind, ...] = ()
    """The kind of every layer, where no rule of the fields above gives it."""
    parameter_scale_fraction: float = 1.0
    """Interpolated sizes only: the layers' parameters are multiplied by it."""
    traits: FamilyTraits = field(default_factory=FamilyTraits)
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def unnamed(self, *, scaled: bool = True) -> Architecture:
        """The same without its name, perhaps without its scale too: what models share."""
        return _unnamed(self, self.parameter_scale_fraction if scaled else 1.0)

    def __hash__(self) -> int:
        """Of all fields, worked out once: every estimate looks several things up by it."""
        if not self._hash:
            values = tuple(getattr(self, name) for name in _COMPARED)
            object.__setattr__(self, "_hash", hash(values))
        return self._hash

    def __post_init__(self) -> None:
        errors = _errors_of(self)
        if errors:
            raise ConfigError(errors)

    @property
    def q_size(self) -> int:
        """Width of all query heads together."""
        return self.head_count * self.qk_head_dim

    @property
    def stream_size(self) -> int:
        """Elements of a token between two layers: of all residual streams together."""
        return self.hidden_size * max(1, self.altup_input_count)

    @property
    def qk_head_dim(self) -> int:
        """Width of one query or key head: with latent attention its two parts together."""
        if self.is_latent:
            return self.qk_nope_head_dim + self.qk_rope_head_dim
        return self.head_dim

    @property
    def kv_size(self) -> int:
        """Width of all key (or value) heads together."""
        return self.kv_head_count * self.head_dim

    @property
    def is_latent(self) -> bool:
        """Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434)."""
        return self.kv_lora_rank > 0

    @property
    def is_moe(self) -> bool:
        return self.expert_count > 0

    def shares_keys(self, layer: int) -> bool:
        """Whether the layer takes its keys and values from one before it."""
        return layer >= self.layer_count - self.shared_kv_layer_count

    def attention_kind(self, layer: int) -> AttentionKind:
        """What the layer's tokens attend to: everything, a window, or a linear recurrence."""
        if self.stated_layers:
            return self.stated_layers[layer][0]
        kind = self._own_attention_kind(layer)
        return SHARING[kind] if self.shares_keys(layer) else kind

    def _own_attention_kind(self, layer: int) -> AttentionKind:
        if self.traits.every_layer:
            return self.traits.every_layer
        if self.linear_layer_count:
            # The families mix them evenly: every 4th layer of Qwen3-Next attends.
            period = self.layer_count // max(1, self.layer_count - self.linear_layer_count)
            return "full" if (layer + 1) % period == 0 else "linear"
        period = self.traits.sliding_period
        if not self.sliding_window or not period:
            return "full"
        if period == 1:
            return "sliding"
        return "full" if (layer + 1) % period == 0 else "sliding"

    def mlp_kind(self, layer: int) -> MlpKind:
        if self.stated_layers:
            return self.stated_layers[layer][1]
        if not self.is_moe and self.traits.widens_sharing_mlp and self.shares_keys(layer):
            return "wide"
        if layer < self.sparse_layer_count:
            return "sparse"
        if not self.is_moe or layer < self.dense_layer_count:
            return "dense"
        interval = self.moe_layer_interval
        return "moe" if (layer - self.dense_layer_count + 1) % interval == 0 else "dense"

    def layer_kinds(self) -> tuple[LayerKind, ...]:
        """The kind of every layer, first to last."""
        return self.stated_layers or _layer_kinds(self)


@lru_cache(maxsize=4096)
def _layer_kinds(architecture: Architecture) -> tuple[LayerKind, ...]:
    return tuple(
        (architecture.attention_kind(layer), architecture.mlp_kind(layer))
        for layer in range(architecture.layer_count)
    )


_COMPARED = tuple(item.name for item in fields(Architecture) if item.compare)


def _errors_of(architecture: Architecture) -> list[FieldError]:
    errors: list[FieldError] = []
    for item in fields(architecture):
        maximum = MAXIMUM_OF_FIELD.get(item.name)
        if maximum is None:
            continue
        value = getattr(architecture, item.name)
        minimum = 1 if item.name in _AT_LEAST_ONE else 0
        if isinstance(value, bool) or not isinstance(value, int):
            errors.append(FieldError(item.name, "must be a whole number."))
        elif not minimum <= value <= maximum:
            errors.append(
                FieldError(
                    item.name, f"must be between {minimum:,} and {maximum:,}, not {value:,}."
                )
            )
    if architecture.stated_layers and len(architecture.stated_layers) != architecture.layer_count:
        errors.append(FieldError("stated_layers", "must name every layer."))
    if errors:
        return errors
    if architecture.head_count % architecture.kv_head_count:
        errors.append(
            FieldError(
                "kv_head_count",
                f"must divide the {architecture.head_count} query heads,"
                f" and {architecture.kv_head_count} does not.",
            )
        )
    if architecture.is_moe:
        if not 1 <= architecture.experts_per_token <= architecture.expert_count:
            errors.append(
                FieldError("experts_per_token", "must be between 1 and the number of experts.")
            )
        if not architecture.expert_intermediate_size:
            errors.append(FieldError("expert_intermediate_size", "is missing."))
        if architecture.moe_layer_interval < 1:
            errors.append(FieldError("moe_layer_interval", "must be at least 1."))
    has_dense_layer = (
        any(architecture.mlp_kind(layer) == "dense" for layer in range(architecture.layer_count))
        if not errors
        else False
    )
    if has_dense_layer and not architecture.intermediate_size:
        errors.append(FieldError("intermediate_size", "is missing."))
    if architecture.is_latent and not (
        architecture.qk_nope_head_dim and architecture.qk_rope_head_dim and architecture.v_head_dim
    ):
        errors.append(
            FieldError(
                "kv_lora_rank",
                "needs qk_nope_head_dim, qk_rope_head_dim and v_head_dim beside it.",
            )
        )
    if architecture.shared_kv_layer_count >= architecture.layer_count:
        errors.append(FieldError("shared_kv_layer_count", "leaves no layer with keys."))
    if architecture.per_layer_input_size and not architecture.per_layer_vocab_size:
        errors.append(FieldError("per_layer_vocab_size", "is missing."))
    if architecture.altup_input_count and not (
        architecture.laurel_rank and architecture.per_layer_input_size
    ):
        errors.append(FieldError("altup_input_count", "needs laurel_rank and per-layer inputs."))
    if architecture.linear_layer_count > architecture.layer_count:
        errors.append(FieldError("linear_layer_count", "is more than the number of layers."))
    if architecture.linear_layer_count and not (
        architecture.linear_key_head_count
        and architecture.linear_value_head_count
        and architecture.linear_head_dim
    ):
        errors.append(FieldError("linear_layer_count", "needs the heads of the linear layers."))
    errors += _errors_of_layer_kinds(architecture) if not errors else []
    if not 0 < architecture.parameter_scale_fraction < 1e3:
        errors.append(FieldError("parameter_scale_fraction", "must be a positive number."))
    return errors


def _errors_of_layer_kinds(architecture: Architecture) -> list[FieldError]:
    """Sizes that a layer of one of the kinds needs and does not have."""
    kinds = {attention for attention, _ in architecture.layer_kinds()}
    errors: list[FieldError] = []
    needed: tuple[str, ...] = ()
    convolving = kinds & {"linear", "convolution", "mamba", "mamba_and_full"}
    if convolving and not (architecture.traits.lightning and convolving == {"linear"}):
        needed += ("linear_conv_kernel",)
    if kinds & {"mamba", "mamba_and_full"}:
        needed += (
            "mamba_head_count",
            "mamba_head_dim",
            "mamba_state_size",
            "mamba_group_count",
            "mamba_chunk_size",
        )
    errors += [
        FieldError(name, "is missing.") for name in needed if not getattr(architecture, name)
    ]
    if not errors and "mamba_head_count" in needed:
        heads, groups = architecture.mamba_head_count, architecture.mamba_group_count
        if heads % groups:
            words = f"must divide the {heads} Mamba heads, and {groups} does not."
            errors.append(FieldError("mamba_group_count", words))
    return errors


@lru_cache(maxsize=1024)
def _unnamed(architecture: Architecture, scale_fraction: float) -> Architecture:
    return replace(architecture, name="", parameter_scale_fraction=scale_fraction)

"""Attention of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from collections.abc import Callable

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.families import FamilyTraits, Norm
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    cast,
    concatenate,
    copy,
    expand,
    flash_attention,
    gradient,
    matmul,
    multiply,
    part,
    pointwise,
    repeat_heads,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token


def attend(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    kind: AttentionKind,
    hidden: Tensor,
    masked: bool,
) -> Tensor:
    """Attention's output for the normed hidden states. `masked`: a mask is materialised."""
    if kind == "linear":
        return _delta_net(tape, architecture, numerics, hidden)
    if architecture.is_latent:
        return _latent_attention(tape, architecture, numerics, hidden)
    modules = attention_modules(architecture, kind)
    traits = architecture.traits
    head_count, head_dim = architecture.head_count, architecture.head_dim
    kv_count = architecture.kv_head_count
    if kind == "full" and architecture.global_head_dim:
        head_dim = architecture.global_head_dim
        kv_count = architecture.global_kv_head_count or kv_count
    q_size, kv_size = head_count * head_dim, kv_count * head_dim
    eager = runs_eager(architecture, numerics)
    gate: Tensor | None = None
    if traits.fused_qkv:
        joined = apply_linear(tape, numerics, hidden, modules[0])
        query, key, value = split(
            tape, joined, [per_token(q_size), per_token(kv_size), per_token(kv_size)]
        )
        del joined
        if traits.broadcast_heads:
            # Falcon picks keys and values by an index, which copies them, and with several of
            # them flattens their broadcast to all heads, which copies again.
            key, value = _pick(tape, key), _pick(tape, value)
            if kv_count > 1:
                key = repeat_heads(tape, key, query.elements)
                value = repeat_heads(tape, value, query.elements)
    else:
        query = apply_linear(tape, numerics, hidden, modules[0])
        if traits.output_gate:
            query, gate = split(tape, query, [per_token(q_size), per_token(q_size)])
        key = apply_linear(tape, numerics, hidden, modules[1])
        value = apply_linear(tape, numerics, hidden, modules[2]) if len(modules) == 4 else key
    if traits.qk_norm != "none":
        norm: Norm = "rms" if traits.norm.startswith("layer") else traits.norm
        by_head = traits.qk_norm == "head"
        query = apply_norm(
            tape,
            numerics,
            query,
            norm,
            head_dim if by_head else q_size,
            per_token(head_count if by_head else 1),
        )
        key = apply_norm(
            tape,
            numerics,
            key,
            norm,
            head_dim if by_head else kv_size,
            per_token(kv_count if by_head else 1),
        )
    if traits.rotary_fraction:
        query = _rotate(tape, architecture, numerics, query)
        key = _rotate(tape, architecture, numerics, key)
    output = _scores_and_values(
        tape, architecture, numerics, query, key, value, head_count, masked
    )
    del query, key, value
    if _joins_rotated(traits) and not eager:
        # Attention lays its output out as its query, and what cat() joins is laid out by head:
        # transposing it back to tokens copies it.
        output = copy(tape, output)
    if gate is not None:
        output = multiply(tape, output, saves_output(tape, gate))
    return apply_linear(tape, numerics, output, modules[-1])


def runs_eager(architecture: Architecture, numerics: Numerics) -> bool:
    """Whether scores are materialised: transformers has no SDPA for soft-capping or sinks."""
    traits = architecture.traits
    return numerics.eager_attention or traits.attention_sinks or traits.attention_softcap


def _joins_rotated(traits: FamilyTraits) -> bool:
    return traits.rotary_joined or 0 < traits.rotary_fraction < 1


def _rotate(tape: Tape, architecture: Architecture, numerics: Numerics, x: Tensor) -> Tensor:
    """apply_rotary_pos_emb: x·cos + rotate_half(x)·sin; saves cos and sin, shared by all layers."""
    fraction = architecture.traits.rotary_fraction
    if numerics.fused_kernels:
        return _fused_rotation(tape, x)
    if fraction < 1.0:
        turned, kept = split(tape, x, [x.elements.times(fraction), x.elements.times(1 - fraction)])
        return concatenate(tape, [_rotate_whole(tape, numerics, turned), kept], x.elements)
    if architecture.traits.rotary_joined:
        return concatenate(tape, [_rotate_whole(tape, numerics, x)], x.elements)
    if architecture.traits.rotary_fp32:
        return cast(tape, _rotate_whole(tape, numerics, cast(tape, x, FP32)), x.itemsize)
    return _rotate_whole(tape, numerics, x)


def _rotate_whole(tape: Tape, numerics: Numerics, x: Tensor) -> Tensor:
    """Cosines and sines have the width of the residual stream, to which the product is widened."""
    table = Tensor(None, x.elements, numerics.small_width)
    half = x.elements.times(0.5)
    first = multiply(tape, x, table)
    turned = concatenate(tape, [scale(tape, part(tape, x, half)), part(tape, x, half)], x.elements)
    second = multiply(tape, turned, table)
    del turned
    return add(tape, first, second)


def _fused_rotation(tape: Tape, x: Tensor) -> Tensor:
    """Liger's rotary kernel turns x in place, forward and backward (ops/rope.py)."""

    def backward(grads: Gradients) -> Gradients:
        return list(grads)

    return tape.record(Tensor(x.buffer, x.elements, x.itemsize), [x], backward)


def _scores_and_values(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    head_count: int,
    masked: bool,
) -> Tensor:
    width = numerics.compute_width if numerics.autocast else query.itemsize
    elements = query.elements
    if value.elements != key.elements and architecture.is_latent:
        elements = value.elements.times(head_count / architecture.kv_head_count)
    if runs_eager(architecture, numerics):
        return _eager_attention(
            tape, architecture, numerics, query, key, value, head_count, width, elements
        )
    if architecture.traits.broadcast_heads and architecture.kv_head_count == 1:
        return _math_attention(tape, query, key, value, head_count, width)
    mask = None
    if masked:
        # A boolean mask becomes an additive one of q's width in every layer, and with a mask
        # transformers repeats keys and values for every head (integrations/sdpa_attention.py).
        mask = tape.new(Size(pair=1.0), width)
        repeat = _repetition(architecture)
        key, value = repeat(tape, key, query.elements), repeat(tape, value, elements)
    query, key, value = (cast(tape, item, width) for item in (query, key, value))
    return flash_attention(tape, query, key, value, elements, per_token(head_count), mask)


def _repetition(architecture: Architecture) -> Callable[[Tape, Tensor, Size], Tensor]:
    """repeat_kv copies, but a single head is only looked at again and again."""
    return expand if architecture.kv_head_count == 1 else repeat_heads


def _pick(tape: Tape, x: Tensor) -> Tensor:
    """x[..., [i], :]: a copy; backward scatters into a gradient of x's size."""
    elements, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, elements, itemsize)]
    )


def _math_attention(
    tape: Tape, query: Tensor, key: Tensor, value: Tensor, head_count: int, width: int
) -> Tensor:
    """SDPA's fallback, in fp32, where no fused kernel takes one key head for many queries.

    Source: aten/src/ATen/native/transformers/attention.cpp, _scaled_dot_product_attention_math.
    """
    elements, scores_elements = query.elements, Size(pair=float(head_count))
    query, key, value = (cast(tape, item, width) for item in (query, key, value))
    query, key, value = (cast(tape, item, FP32) for item in (query, key, value))
    mask = tape.new(Size(position_pair=1.0), FP32)
    query, key = scale(tape, query), expand(tape, scale(tape, key), elements)
    value = expand(tape, value, elements)
    scores = matmul(tape, query, key, scores_elements)
    del query, key
    scores = add(tape, scores, Tensor(None, scores_elements, FP32))
    del mask
    probabilities = saves_output(tape, scores)
    del scores
    output = cast(tape, matmul(tape, probabilities, value, elements), width)
    return copy(tape, output)


def _eager_attention(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    head_count: int,
    width: int,
    output_elements: Size,
) -> Tensor:
    """eager_attention_forward: scores of heads × T × s elements, softmax in fp32."""
    scores_elements = Size(pair=float(head_count))
    repeat = _repetition(architecture)
    key, value = repeat(tape, key, query.elements), repeat(tape, value, output_elements)
    scores = matmul(tape, cast(tape, query, width), cast(tape, key, width), scores_elements)
    scores = scale(tape, scores)
    if architecture.traits.attention_softcap:
        scores = scale(tape, scores)
        scores = saves_output(tape, scores)
        scores = scale(tape, scores)
    # The mask has the residual stream's width, to which the sum is widened.
    scores = add(tape, scores, Tensor(None, scores_elements, numerics.small_width))
    if architecture.traits.attention_sinks:
        # One more column for the sink; the maximum is subtracted first (modeling_gpt_oss.py).
        scores = concatenate(tape, [scores], scores_elements)
        scores = scale(tape, scores)
        probabilities = saves_output(tape, scores)
        del scores
        probabilities = part(tape, probabilities, scores_elements)
    else:
        scores32 = cast(tape, scores, FP32)
        del scores
        probabilities = saves_output(tape, scores32)
        del scores32
    probabilities = cast(tape, probabilities, width)
    output = matmul(tape, probabilities, cast(tape, value, width), output_elements)
    return copy(tape, output)


def _latent_attention(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """Multi-head latent attention (modeling_deepseek_v3.py, DeepseekV3Attention.forward)."""
    modules = {module.name: module for module in attention_modules(architecture, "full")}
    heads = architecture.head_count
    nope, rope = architecture.qk_nope_head_dim, architecture.qk_rope_head_dim
    v_size = heads * architecture.v_head_dim
    if architecture.q_lora_rank:
        low = apply_linear(tape, numerics, hidden, modules["q_a_proj"])
        low = apply_norm(tape, numerics, low, "rms", architecture.q_lora_rank, per_token(1))
        query = apply_linear(tape, numerics, low, modules["q_b_proj"])
        del low
    else:
        query = apply_linear(tape, numerics, hidden, modules["q_proj"])
    q_pass, q_rot = split(tape, query, [per_token(heads * nope), per_token(heads * rope)])
    compressed = apply_linear(tape, numerics, hidden, modules["kv_a_proj_with_mqa"])
    k_pass, k_rot = split(
        tape, compressed, [per_token(architecture.kv_lora_rank), per_token(rope)]
    )
    del compressed
    k_pass = apply_norm(tape, numerics, k_pass, "rms", architecture.kv_lora_rank, per_token(1))
    expanded = apply_linear(tape, numerics, k_pass, modules["kv_b_proj"])
    k_pass, value = split(tape, expanded, [per_token(heads * nope), per_token(v_size)])
    del expanded
    q_rot, k_rot = _rotate_whole(tape, numerics, q_rot), _rotate_whole(tape, numerics, k_rot)
    k_rot = Tensor(k_rot.buffer, per_token(heads * rope), k_rot.itemsize, k_rot.edge)
    q_size = per_token(heads * (nope + rope))
    query = concatenate(tape, [q_pass, q_rot], q_size)
    key = concatenate(tape, [k_pass, k_rot], q_size)
    del q_pass, q_rot, k_pass, k_rot
    output = _scores_and_values(
        tape, architecture, numerics, query, key, value, heads, masked=False
    )
    del query, key, value
    return apply_linear(tape, numerics, output, modules["o_proj"])


def _delta_net(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """Gated DeltaNet, by the tensors that its fused kernels keep (modeling_qwen3_next.py).

    Convolution input and output, the recurrence's q, k, v, gates and output, the gated norm's
    input and gate. The kernels' chunk states are left out; no trace covers this layer.
    """
    qkvz, ba, out = attention_modules(architecture, "linear")
    key_size = architecture.linear_key_head_count * architecture.linear_head_dim
    value_size = architecture.linear_value_head_count * architecture.linear_head_dim
    joined = apply_linear(tape, numerics, hidden, qkvz)
    gates = apply_linear(tape, numerics, hidden, ba)
    mixed, gate = split(
        tape, joined, [per_token(2 * key_size + value_size), per_token(value_size)]
    )
    del joined
    mixed = pointwise(tape, copy(tape, mixed))
    query, key, value = split(
        tape, mixed, [per_token(key_size), per_token(key_size), per_token(value_size)]
    )
    del mixed
    core = flash_attention(
        tape,
        query,
        key,
        value,
        per_token(value_size),
        per_token(architecture.linear_value_head_count),
    )
    del query, key, value, gates
    normed = apply_norm(
        tape,
        numerics,
        core,
        "rms",
        architecture.linear_head_dim,
        per_token(architecture.linear_value_head_count),
    )
    output = multiply(tape, normed, pointwise(tape, gate))
    return apply_linear(tape, numerics, output, out)

"""Llama 4's attention and experts (modeling_llama4.py of transformers 5.23)."""

from __future__ import annotations

from collections.abc import Callable

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.activations import activate
from calculator.estimation.step.linear_maps import apply_linear, product_with
from calculator.estimation.step.norms import normalize
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    cast,
    gradient,
    multiply,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.scores import scores_and_values
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed, per_token


def llama4_attention(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    kind: AttentionKind,
    hidden: Tensor,
    masked: bool,
) -> Tensor:
    """Layers that attend in chunks rotate, and then norm without a weight; the others scale q."""
    q_map, k_map, v_map, o_map = attention_modules(architecture, kind)
    heads, kv_heads = architecture.head_count, architecture.kv_head_count
    query = apply_linear(tape, numerics, hidden, q_map)
    key = apply_linear(tape, numerics, hidden, k_map)
    value = apply_linear(tape, numerics, hidden, v_map)
    if kind == "sliding":
        query, key = _rotate_complex(tape, query, key)
        if architecture.traits.qk_norm == "l2":
            query = normalize(tape, query, per_token(heads))
            key = normalize(tape, key, per_token(kv_heads))
    else:
        # attn_temperature_tuning: an fp32 factor for each position, then back to q's width.
        query = cast(tape, scale(tape, cast(tape, query, FP32)), query.itemsize)
    output = scores_and_values(tape, architecture, numerics, query, key, value, heads, masked)
    del query, key, value
    return apply_linear(tape, numerics, output, o_map)


def _rotate_complex(tape: Tape, query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """apply_rotary_emb: both in fp32, whose pairs are complex numbers, until both are done."""
    width = query.itemsize
    wide = [cast(tape, query, FP32), cast(tape, key, FP32)]
    turned = [scale(tape, item) for item in wide]
    query, key = (cast(tape, item, width) for item in turned)
    del wide, turned
    return query, key


def apply_every_expert(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    hidden: Tensor,
    shared_expert: Callable[[], Tensor],
) -> Tensor:
    """Llama4TextMoe: every expert runs on every token, times the token's score for it.

    The scores of the experts that are not chosen are 0, so sizes are T · expert_count. What goes
    into the experts, and what comes out, is there until the shared expert has run.
    """
    scores = _scores(tape, architecture, numerics, hidden)
    repeated = _repeat(tape, hidden, architecture.expert_count)
    routed = multiply(tape, repeated, scores)
    del repeated, scores
    output = _experts(tape, architecture, numerics, routed)
    shared = shared_expert()
    del routed
    return add(tape, shared, _sum_over_experts(tape, output, hidden.elements))


def _experts(tape: Tape, architecture: Architecture, numerics: Numerics, routed: Tensor) -> Tensor:
    """Llama4TextExperts: two batched products, with a matrix for each expert."""
    size, experts = architecture.hidden_size, architecture.expert_count
    width = architecture.expert_intermediate_size

    def stack(count: int) -> Tensor:
        leaf = tape.leaf() if numerics.trains_base else None
        return Tensor(None, fixed(count), numerics.small_width, leaf)

    gate_up = stack(experts * size * 2 * width)
    wide = product_with(tape, numerics, routed, gate_up, 2 * width / size)
    half = per_token(experts * width)
    gate, up = split(tape, wide, [half, half])
    product = multiply(tape, up, activate(tape, numerics, architecture.traits.activation, gate))
    return product_with(tape, numerics, product, stack(experts * width * size), size / width)


def _scores(tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor) -> Tensor:
    """The sigmoid of the chosen experts' logits, scattered among those of minus infinity."""
    size, experts = architecture.hidden_size, architecture.expert_count
    leaf = tape.leaf() if numerics.trains_base else None
    router = Tensor(None, fixed(experts * size), numerics.small_width, leaf)
    logits = product_with(tape, numerics, hidden, router, experts / size)
    scattered = scale(tape, logits)
    scores = saves_output(tape, cast(tape, scattered, FP32))
    return cast(tape, scores, logits.itemsize)


def _repeat(tape: Tape, x: Tensor, times: int) -> Tensor:
    """repeat(): as many copies; backward sums the gradient."""
    original, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(original.times(times), itemsize),
        [x],
        lambda grads: [gradient(tape, original, itemsize)],
    )


def _sum_over_experts(tape: Tape, x: Tensor, elements: Size) -> Tensor:
    """sum(0): its gradient is expanded, and copied where the experts' rows are one dimension."""
    whole, itemsize = x.elements, x.itemsize

    def backward(grads: Gradients) -> Gradients:
        return [gradient(tape, whole, itemsize)]

    return tape.record(tape.new(elements, itemsize), [x], backward)

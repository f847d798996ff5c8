"""From queries, keys and values to attention's output: fused, eager, or by SDPA's fallback."""

from __future__ import annotations

from collections.abc import Callable

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    cast,
    concatenate,
    copy,
    expand,
    flash_attention,
    gradient,
    matmul,
    part,
    repeat_heads,
    saves_output,
    scale,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token

# Up to this size of a head, and without a mask, SDPA takes fewer key heads than query heads
# (integrations/sdpa_attention.py, use_gqa_in_sdpa).
LARGEST_HEAD_OF_GROUPS = 256


def runs_eager(architecture: Architecture, numerics: Numerics) -> bool:
    """Whether scores are materialised: transformers has no SDPA for soft-capping or sinks.

    FlashAttention takes a soft cap, its third version sinks, and flex attention both
    (transformers/integrations/flash_attention.py, flex_attention.py).
    """
    traits = architecture.traits
    if traits.own_scores:
        return True
    if numerics.attention == "sdpa":
        return traits.attention_sinks or traits.attention_softcap
    return numerics.attention == "eager"


def makes_mask(architecture: Architecture, settings: TrainingSettings) -> bool:
    """Whether transformers makes a mask of rows × rows (masking_utils.py).

    For SDPA where a window is no longer than a row, and where a row holds several sequences,
    which position ids tell it. FlashAttention and flex attention take windows and boundaries as
    they are.
    """
    if settings.attention in ("flash_attention_2", "flex_attention"):
        return False
    return settings.padding_free or 0 < architecture.sliding_window <= settings.row_length


def scores_and_values(
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
    head_dim = query.elements.token / head_count
    if masked or head_dim > LARGEST_HEAD_OF_GROUPS:
        repeat = expand if key.elements.token == head_dim else repeat_heads
        key, value = repeat(tape, key, query.elements), repeat(tape, value, elements)
    if masked:
        # A boolean mask becomes an additive one of q's width in every layer, and with a mask
        # transformers repeats keys and values for every head (integrations/sdpa_attention.py).
        mask = tape.new(Size(pair=1.0), width)
    query, key, value = (cast(tape, item, width) for item in (query, key, value))
    return flash_attention(tape, query, key, value, elements, per_token(head_count), mask)


def _repetition(architecture: Architecture) -> Callable[[Tape, Tensor, Size], Tensor]:
    """repeat_kv copies, but a single head is only looked at again and again."""
    return expand if architecture.kv_head_count == 1 else repeat_heads


def pick(tape: Tape, x: Tensor) -> Tensor:
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
    own, mask_width = architecture.traits.own_scores, numerics.small_width
    narrow = value.itemsize
    if own == "gptj":  # in fp32, unless autocast says otherwise
        query, key = cast(tape, query, FP32), cast(tape, key, FP32)
        width = numerics.compute_width if numerics.autocast else FP32
    scores = matmul(tape, cast(tape, query, width), cast(tape, key, width), scores_elements)
    del query, key
    if own != "bloom":  # which scales within the product
        scores = scale(tape, scores)
    if own == "mpt":  # adds fp32 slopes, and fills the mask in
        mask_width = FP32
        scores = scale(tape, scores)
    if architecture.traits.attention_softcap:
        scores = scale(tape, scores)
        scores = saves_output(tape, scores)
        scores = scale(tape, scores)
    # BLOOM and MPT have names for scores and their masked sum, which live as long as the output.
    named = [scores] if own == "bloom" else []
    # The mask has the residual stream's width, to which the sum is widened.
    scores = add(tape, scores, Tensor(None, scores_elements, mask_width))
    if own in ("bloom", "mpt"):
        named.append(scores)
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
    if own == "gptj":
        probabilities = cast(tape, probabilities, narrow)
        width = numerics.compute_width if numerics.autocast else narrow
    probabilities = cast(tape, probabilities, width)
    output = copy(tape, matmul(tape, probabilities, cast(tape, value, width), output_elements))
    del named
    return output

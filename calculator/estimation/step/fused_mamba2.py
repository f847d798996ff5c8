"""A Mamba-2 layer from its first linear map's output to its last one's, by mamba-ssm's kernel."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import LinearModule, mamba_sizes
from calculator.estimation.step.linear_maps import cast_weight
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import Gradients, cast, gradient
from calculator.estimation.step.shadow import FP32, GRADIENTS, Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def fused_mamba2(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    projected: Tensor,
    out: LinearModule,
) -> Tensor:
    """mamba_split_conv1d_scan_combined: convolution, scan, gated norm and the last linear map.

    Saves its input and the scan's output; everything else is computed anew in the backward pass.
    transformers hands it the last map's weight, so an adapter there is passed by.
    Source: mamba_ssm/ops/triton/ssd_combined.py, MambaSplitConv1dScanCombinedFn, and for what a
    chunk takes ssd_bmm.py and ssd_chunk_state.py (mamba-ssm 2.3).
    """
    sizes = mamba_sizes(architecture)
    trained = numerics.trains_base
    weight_width = numerics.small_width if numerics.quantized else numerics.base_width
    weight = Tensor(None, fixed(out.weight_count), weight_width, tape.leaf() if trained else None)
    if numerics.autocast and weight_width != numerics.compute_width:
        weight = cast_weight(tape, weight, numerics.compute_width)
    width = numerics.compute_width if numerics.autocast else projected.itemsize
    projected = cast(tape, projected, width)
    whole, inner, mixed = projected.elements, per_token(sizes.inner), per_token(sizes.mixed)
    chunk, groups = architecture.mamba_chunk_size, architecture.mamba_group_count
    states = per_token(sizes.inner * architecture.mamba_state_size / chunk)
    scores = per_token(groups * chunk)
    needed = projected.requires_grad
    held = [
        tape.new(mixed, width),
        tape.new(per_token(2 * sizes.heads), FP32),  # steps and their running sums
        tape.new(states, FP32),
        tape.new(scores, FP32),
    ]
    scanned = tape.new(inner, width)
    del held
    normed = tape.new(inner, width)
    output = tape.new(per_token(architecture.hidden_size), width)
    del normed
    saved = [projected, scanned, weight] if needed or trained else []
    count = weight.elements

    def backward(grads: Gradients) -> Gradients:
        assert saved
        again = [tape.new(mixed, width), tape.new(inner, width)]
        result = gradient(tape, whole, width)
        of_mixed, of_normed = gradient(tape, mixed, width), gradient(tape, inner, width)
        of_scanned = gradient(tape, inner, width)
        rest = [
            tape.new(per_token(2 * sizes.heads), FP32),
            tape.new(states, FP32),
            gradient(tape, states, FP32),
            tape.new(states, width),
            gradient(tape, states, width),
            tape.new(scores, FP32),
        ]
        del rest, of_mixed, of_normed, of_scanned, again
        made = tape.new(count, width, GRADIENTS) if trained else None
        return [result if needed else None, made]

    return tape.record(output, [projected, weight], backward)

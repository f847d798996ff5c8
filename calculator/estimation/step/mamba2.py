"""Mamba-2 layers of Granite 4, Nemotron-H and Falcon-H1 (arXiv 2405.21060).

With kernels "standard" as transformers' own PyTorch code runs them (modeling_granitemoehybrid.py,
modeling_nemotron_h.py and modeling_falcon_h1.py, 5.23), which is what runs where mamba-ssm and
causal-conv1d are not installed; with "fused" by those packages' kernels.
"""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import mamba_modules, mamba_sizes
from calculator.estimation.step.fused_mamba2 import fused_mamba2
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import normalized
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import cast, multiply, pointwise, scale, split
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.short_convolution import causal_convolution
from calculator.estimation.step.sizes import fixed, per_token
from calculator.estimation.step.state_space import chunked_scan


def mamba2(tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor) -> Tensor:
    """The layer's output for the normed hidden states."""
    into, out = mamba_modules(architecture)
    sizes = mamba_sizes(architecture)
    width = hidden.itemsize
    projected = apply_linear(tape, numerics, _scaled(tape, architecture, hidden), into)
    if architecture.traits.scales_branches:
        # Falcon-H1 multiplies each part by a constant of its own, a buffer of the weights' width.
        constants = Tensor(None, projected.elements, numerics.base_width)
        projected = multiply(tape, projected, constants)
    if numerics.fused_kernels:
        return fused_mamba2(tape, architecture, numerics, projected, out)
    gate, mixed, step = split(
        tape, projected, [per_token(size) for size in (sizes.inner, sizes.mixed, sizes.heads)]
    )
    mixed = causal_convolution(tape, numerics, mixed, architecture.linear_conv_kernel, silu=True)
    output = chunked_scan(tape, architecture, numerics, mixed, step)
    if architecture.traits.mamba_norm:
        output = _gated_norm(tape, architecture, numerics, output, gate)
    else:
        output = multiply(tape, output, pointwise(tape, gate))
    return apply_linear(tape, numerics, cast(tape, output, width), out)


def _scaled(tape: Tape, architecture: Architecture, hidden: Tensor) -> Tensor:
    return scale(tape, hidden) if architecture.traits.scales_branches else hidden


def _gated_norm(
    tape: Tape, architecture: Architecture, numerics: Numerics, x: Tensor, gate: Tensor
) -> Tensor:
    """x · silu(gate) in fp32, then its norm over each group."""
    size = mamba_sizes(architecture).inner
    edge = tape.leaf() if numerics.trains_base else None
    weight = Tensor(None, fixed(size), numerics.small_width, edge)
    output = multiply(tape, cast(tape, x, FP32), pointwise(tape, cast(tape, gate, FP32)))
    output = normalized(tape, output, per_token(architecture.mamba_group_count))
    return multiply(tape, output, weight)

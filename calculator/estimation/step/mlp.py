"""The MLP and the experts of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture, MlpKind
from calculator.estimation.architectures.linear_modules import mlp_modules, router_module
from calculator.estimation.step.activations import activate, fused_gate, gated, largest_alone
from calculator.estimation.step.experts import apply_experts
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.llama4 import apply_every_expert
from calculator.estimation.step.norms import apply_norm, normalize
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    multiply,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.shadow import Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def feed_forward(
    tape: Tape, architecture: Architecture, numerics: Numerics, kind: MlpKind, hidden: Tensor
) -> Tensor:
    """The MLP's output for the normed hidden states."""
    if kind in ("dense", "wide", "sparse"):
        return _dense(tape, architecture, numerics, kind, hidden)
    if architecture.traits.runs_every_expert:
        return apply_every_expert(
            tape,
            architecture,
            numerics,
            hidden,
            lambda: _dense(tape, architecture, numerics, kind, hidden),
        )
    routed = apply_experts(tape, architecture, numerics, hidden)
    if not architecture.shared_intermediate_size:
        return routed
    shared = _dense(tape, architecture, numerics, kind, hidden)
    return add(tape, routed, shared)


def normed_feed_forward(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor, normed: Tensor
) -> Tensor:
    """Gemma 4's dense MLP and experts side by side, each with norms of its own.

    The router norms the layer's hidden states without a weight, and then scales them by a vector
    and by a constant (modeling_gemma4.py, Gemma4TextDecoderLayer and Gemma4TextRouter).
    """
    size, rows, width = architecture.hidden_size, per_token(1), numerics.small_width

    def norm(x: Tensor) -> Tensor:
        return apply_norm(tape, numerics, x, architecture.traits.norm, size, rows)

    dense = norm(_dense(tape, architecture, numerics, "moe", normed))
    routed = normalize(tape, hidden, rows)
    vector = Tensor(None, fixed(size), width, tape.leaf() if numerics.trains_base else None)
    routed = scale(tape, multiply(tape, routed, vector))
    logits = apply_linear(tape, numerics, routed, router_module(architecture))
    del routed
    experts = norm(apply_experts(tape, architecture, numerics, norm(hidden), logits))
    return add(tape, dense, experts)


def _dense(
    tape: Tape, architecture: Architecture, numerics: Numerics, kind: MlpKind, hidden: Tensor
) -> Tensor:
    traits = architecture.traits
    modules = mlp_modules(architecture, kind)
    if traits.fuses_gate_up(kind):
        joined = apply_linear(tape, numerics, hidden, modules[0])
        half = per_token(modules[1].input_size)
        gate, up = split(tape, joined, [half, half])
        # Phi-3 computes up · act(gate).
        product_ = gated(tape, numerics, traits.activation, gate, up)
        return apply_linear(tape, numerics, product_, modules[1])
    if not traits.gated_mlp:
        wide = apply_linear(tape, numerics, hidden, modules[0])
        wide = activate(tape, numerics, traits.activation, wide)
        return apply_linear(tape, numerics, wide, modules[1])
    gate = apply_linear(tape, numerics, hidden, modules[0])
    if numerics.fused_kernels:
        up = apply_linear(tape, numerics, hidden, modules[1])
        wide = fused_gate(tape, gate, up)
        del gate, up
    else:
        if traits.scales_branches:
            gate = scale(tape, gate)
        if kind == "sparse":
            gate = largest_alone(tape, gate)
        active = activate(tape, numerics, traits.activation, gate)
        del gate
        up = apply_linear(tape, numerics, hidden, modules[1])
        wide = multiply(tape, active, up)
        del active, up
    output = apply_linear(tape, numerics, wide, modules[2])
    if traits.scales_branches:
        output = scale(tape, output)
    if len(modules) == 4:
        weight = saves_output(tape, apply_linear(tape, numerics, hidden, modules[3]))
        output = multiply(tape, output, weight)
    return output

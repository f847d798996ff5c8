"""Attention of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.families import Norm
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.delta_net import delta_net
from calculator.estimation.step.indexer import chosen_tokens
from calculator.estimation.step.lightning import lightning_attention
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.litgpt import joined_query_key_value
from calculator.estimation.step.llama4 import llama4_attention
from calculator.estimation.step.mamba2 import mamba2
from calculator.estimation.step.norms import apply_norm, normalize
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    concatenate,
    copy,
    multiply,
    part,
    repeat_heads,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.rotary import joins_rotated, own_table, rotate, rotate_whole
from calculator.estimation.step.scores import pick, runs_eager, scores_and_values
from calculator.estimation.step.shadow import Tape, Tensor
from calculator.estimation.step.shared_keys import attend_to_shared
from calculator.estimation.step.short_convolution import short_convolution
from calculator.estimation.step.sizes import per_token


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
        if architecture.traits.lightning:
            return lightning_attention(tape, architecture, numerics, hidden)
        return delta_net(tape, architecture, numerics, hidden)
    if kind == "mamba":
        return mamba2(tape, architecture, numerics, hidden)
    if kind == "mamba_and_full":
        return _both(tape, architecture, numerics, hidden, masked)
    if kind == "convolution":
        return short_convolution(tape, architecture, numerics, hidden)
    if architecture.is_latent:
        return _latent_attention(tape, architecture, numerics, hidden)
    if kind in ("shared_full", "shared_sliding"):
        return attend_to_shared(tape, architecture, numerics, kind, hidden, masked)
    if architecture.traits.rotary_complex:
        return llama4_attention(tape, architecture, numerics, kind, hidden, masked)
    modules = attention_modules(architecture, kind)
    traits = architecture.traits
    head_count, head_dim = architecture.head_count, architecture.head_dim
    kv_count = architecture.kv_head_count
    if kind in ("full", "shared_full") and architecture.global_head_dim:
        head_dim = architecture.global_head_dim
        kv_count = architecture.global_kv_head_count or kv_count
    q_size, kv_size = head_count * head_dim, kv_count * head_dim
    eager = runs_eager(architecture, numerics)
    gate: Tensor | None = None
    if traits.fused_qkv:
        joined = apply_linear(tape, numerics, hidden, modules[0])
        if traits.own_scores == "bloom":  # three views of what is laid out by head, each copied
            query, key, value = (
                copy(tape, part(tape, joined, per_token(q_size))) for _ in range(3)
            )
        else:
            query, key, value = split(
                tape, joined, [per_token(q_size), per_token(kv_size), per_token(kv_size)]
            )
        del joined
        if traits.broadcast_heads:
            # Falcon picks keys and values by an index, which copies them, and with several of
            # them flattens their broadcast to all heads, which copies again.
            key, value = pick(tape, key), pick(tape, value)
            if kv_count > 1:
                key = repeat_heads(tape, key, query.elements)
                value = repeat_heads(tape, value, query.elements)
    elif traits.litgpt:
        query, key, value = joined_query_key_value(tape, numerics, hidden, modules[:-1])
    else:
        query = apply_linear(tape, numerics, hidden, modules[0])
        if traits.scales_query:
            query = scale(tape, query)
        if traits.output_gate:
            query, gate = split(tape, query, [per_token(q_size), per_token(q_size)])
        key = apply_linear(tape, numerics, hidden, modules[1])
        if traits.scales_branches:
            key = scale(tape, key)
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
    if traits.value_norm:
        value = normalize(tape, value, per_token(kv_count))
    if traits.rotary_fraction:
        table = own_table(tape, architecture, numerics, query.itemsize)
        query = rotate(tape, architecture, numerics, query, table)
        key = rotate(tape, architecture, numerics, key, table)
        del table
    output = scores_and_values(tape, architecture, numerics, query, key, value, head_count, masked)
    del query, key, value
    if joins_rotated(traits) and not eager and not traits.litgpt:
        # Attention lays its output out as its query, and what cat() joins is laid out by head:
        # transposing it back to tokens copies it.
        output = copy(tape, output)
    if gate is not None:
        output = multiply(tape, output, saves_output(tape, gate))
    return apply_linear(tape, numerics, output, modules[-1])


def _both(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor, masked: bool
) -> Tensor:
    """Mamba and attention side by side (modeling_falcon_h1.py, FalconH1DecoderLayer.forward)."""
    first = scale(tape, mamba2(tape, architecture, numerics, hidden))
    second = attend(tape, architecture, numerics, "full", scale(tape, hidden), masked)
    return add(tape, first, scale(tape, second))


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
    else:
        low = hidden
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
    q_rot, k_rot = rotate_whole(tape, numerics, q_rot), rotate_whole(tape, numerics, k_rot)
    k_rot = Tensor(k_rot.buffer, per_token(heads * rope), k_rot.itemsize, k_rot.edge)
    q_size = per_token(heads * (nope + rope))
    query = concatenate(tape, [q_pass, q_rot], q_size)
    key = concatenate(tape, [k_pass, k_rot], q_size)
    masked = architecture.index_head_count > 0
    chosen = chosen_tokens(tape, architecture, numerics, hidden, low) if masked else None
    del low, q_pass, q_rot, k_pass, k_rot
    output = scores_and_values(tape, architecture, numerics, query, key, value, heads, masked)
    del query, key, value, chosen
    return apply_linear(tape, numerics, output, modules["o_proj"])

"""A card of one weight format, and the rows of all formats: figures, parts and how each is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from calculator.answer.inference import InferenceResult
from calculator.estimation.cluster.counts import words_for_count
from calculator.estimation.inference import InferenceEstimate
from calculator.pages.calculator.beside.own_gpu import OwnVerdictView, own_verdict_of_inference
from calculator.pages.calculator.cards import (
    AlternativeView,
    figure_and_unit,
    minimum_label,
    minimum_note,
    present_alternatives,
)
from calculator.question.own_gpu import OwnGpu
from calculator.words.formatting import (
    NO_BREAK_SPACE,
    format_count,
    format_figure,
    format_gb,
    format_number,
    format_part,
    format_range,
)
from calculator.words.parts import ACTIVATIONS, LOSS, PASSING, WEIGHTS
from gpus.labels import setup_label

NO_SETUP = (
    "No count of GPUs here has room for it. Fewer sequences, a shorter context or a smaller"
    " format would."
)


@dataclass(frozen=True, slots=True)
class InferencePartView:
    """A part of the likely figure; `made` says how it is computed."""

    label: str
    memory: str
    made: str
    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True)
class InferenceCardView:
    slug: str
    name: str
    figure: str
    unit: str
    range: str
    bits: str
    minimum: str | None
    minimum_note: str
    shortfall: str
    tight: str
    room: str
    parts: tuple[InferencePartView, ...]
    overhead: str
    range_reason: str
    assumptions: tuple[str, ...]
    sources: tuple[str, ...]
    alternatives: tuple[AlternativeView, ...]
    own: OwnVerdictView | None
    """Whether the visitor's own GPU runs it."""


@dataclass(frozen=True, slots=True)
class FormatRow:
    """One format in the table of all of them."""

    name: str
    bits: str
    weights: str
    figure: str
    minimum: str
    note: str


@dataclass(frozen=True, slots=True)
class FormatGroup:
    """The formats that one runtime loads."""

    runtime: str
    rows: tuple[FormatRow, ...]


def present_inference_card(
    result: InferenceResult, today: dt.date | None, own: OwnGpu | None = None
) -> InferenceCardView:
    found = result.estimate
    figure, unit = figure_and_unit(result)
    return InferenceCardView(
        slug=result.slug,
        name=result.name,
        figure=figure,
        unit=unit,
        range=format_range(*result.range_bytes),
        bits=_bits(found),
        minimum=minimum_label(result),
        minimum_note=minimum_note(result),
        shortfall="" if result.minimum is not None else NO_SETUP,
        tight=_tight(result),
        room=_room(result),
        parts=_parts(found),
        overhead=format_gb(found.overhead_bytes),
        range_reason=found.range_reason,
        assumptions=_assumptions(result),
        sources=(found.weights_format.source, *found.runtime.sources),
        alternatives=present_alternatives(result, today),
        own=None if own is None else own_verdict_of_inference(own, result),
    )


def format_groups(results: Iterable[InferenceResult]) -> tuple[FormatGroup, ...]:
    """Rows under the runtime that loads them, in its order."""
    return tuple(
        FormatGroup(name, tuple(map(_format_row, group)))
        for name, group in groupby(results, lambda each: each.estimate.runtime.name)
    )


def _format_row(result: InferenceResult) -> FormatRow:
    found = result.estimate
    return FormatRow(
        name=result.name,
        bits=_bits(found),
        weights=format_gb(found.weights.total_bytes),
        figure=format_figure(result.memory_bytes, result.range_bytes),
        minimum=minimum_label(result) or "none",
        note="" if result.minimum is None else words_for_count(result.minimum.gpu_count),
    )


def _bits(found: InferenceEstimate) -> str:
    """Bits per weight of the whole model, “4.9”."""
    count = found.parameters_count
    return format_number(found.weights.total_bytes * 8 / count, decimals=2)


def _tight(result: InferenceResult) -> str:
    if result.tight is None:
        return ""
    low = format_gb(result.estimate.device_bytes.low)
    return (
        f"Tight on {setup_label(result.tight)}: it starts at {low}, and what"
        f" {result.estimate.runtime.name} itself takes may not leave room for it."
    )


def _room(result: InferenceResult) -> str:
    """What context the smallest card would hold, all sequences together."""
    minimum = result.minimum
    if minimum is None or minimum.gpu_count > 1:
        return ""
    tokens = result.estimate.tokens_on(minimum.tier.capacity_bytes)
    if tokens is None:
        return ""
    return f"about {_rounded(tokens):,} tokens"


def _rounded(count: int) -> int:
    """Two digits of it: what is left of a card is known no better."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return count // step * step


def _parts(found: InferenceEstimate) -> tuple[InferencePartView, ...]:
    items = [
        ("Weights", found.weights.device_bytes, _weights_made(found), WEIGHTS),
        ("KV cache", found.cache.full_bytes, _full_made(found), ACTIVATIONS),
        ("KV cache of windows", found.cache.window_bytes, _window_made(found), ACTIVATIONS),
        ("Recurrent state", found.cache.state_bytes, _state_made(found), LOSS),
        ("Workspace of a step", found.workspace_bytes, _workspace_made(found), PASSING),
    ]
    total = found.device_bytes.likely
    views = []
    before = 0
    for label, size, made, kind in items:
        if not size:
            continue
        views.append(
            InferencePartView(
                label,
                format_part(size),
                made,
                x=f"{before * 100 / total:.2f}%",
                width=f"{size * 100 / total:.2f}%",
                kind=kind,
            )
        )
        before += size
    return tuple(views)


def _weights_made(found: InferenceEstimate) -> str:
    words = f"{format_count(found.parameters_count)} parameters. {found.weights_format.words}"
    if found.weights.host_bytes:
        words += (
            f" The embedding, {format_gb(found.weights.host_bytes)}, stays in host memory:"
            " only rows of it are read."
        )
    return words


def _full_made(found: InferenceEstimate) -> str:
    shape, settings = found.shape, found.settings
    return (
        f"{_layers(shape.full_layer_count)} {_what_is_kept(found)}:"
        f" {_bytes(shape.full_bytes)} per token, for {load_words(settings.sequences, settings.context_length)}."
    )


def _what_is_kept(found: InferenceEstimate) -> str:
    """“keep keys and values of 8 heads of 128”."""
    architecture = found.architecture
    bits = format_number(found.runtime.kv_bits[found.settings.kv_precision])
    verb = "keeps" if found.shape.full_layer_count == 1 else "keep"
    if architecture.is_latent and found.runtime.compresses_latent:
        kept = (
            f"one compressed vector of {architecture.kv_lora_rank} +"
            f" {architecture.qk_rope_head_dim} values"
        )
    elif architecture.is_latent:
        kept = f"keys and values of all {architecture.head_count} heads, uncompressed"
    else:
        heads, size = architecture.kv_head_count, architecture.head_dim
        if architecture.global_head_dim:
            heads = architecture.global_kv_head_count or heads
            size = architecture.global_head_dim
        kept = f"2 × {heads} heads × {size} values"
    return f"{verb} {kept} of {bits} bits"


def _window_made(found: InferenceEstimate) -> str:
    shape = found.shape
    beside = (
        f", and of the {found.prefill_tokens:,} that a step adds"
        if found.runtime.window_tokens
        else ""
    )
    return (
        f"{_layers(shape.window_layer_count)} look back {found.architecture.sliding_window:,}"
        f" tokens and keep no more of each sequence{beside}: {_bytes(shape.window_bytes)} per token."
    )


def _state_made(found: InferenceEstimate) -> str:
    size = format_number(found.shape.state_bytes / 1e6)
    return (
        f"{_layers(found.shape.state_layer_count)} keep a state of"
        f" {size}{NO_BREAK_SPACE}MB per sequence in all, however long it gets; the recurrence in fp32."
    )


def _workspace_made(found: InferenceEstimate) -> str:
    if found.prefill_bytes >= found.decode_bytes:
        step = f"A step that reads {found.prefill_tokens:,} tokens of a prompt"
        other = f"; one that writes a token of each sequence takes {format_gb(found.decode_bytes)}"
    else:
        step = "A step that writes a token of each sequence"
        other = f"; one that reads a prompt takes {format_gb(found.prefill_bytes)}"
        if found.runtime.grows_by_copy:
            other += "; the cache of a layer is copied as it grows"
    return f"{step}: a layer’s widest operation, hidden states and logits{other}."


def _layers(count: int) -> str:
    return "1 layer" if count == 1 else f"{count} layers"


def _bytes(size: float) -> str:
    return f"{size:,.0f}{NO_BREAK_SPACE}bytes"


def load_words(sequences: int, context_length: int) -> str:
    """“8,192 tokens”, “4 × 8,192 tokens”."""
    tokens = f"{context_length:,}{NO_BREAK_SPACE}tokens"
    if sequences == 1:
        return tokens
    return f"{sequences:,}{NO_BREAK_SPACE}×{NO_BREAK_SPACE}{tokens}"


def _assumptions(result: InferenceResult) -> tuple[str, ...]:
    found = result.estimate
    runtime, architecture = found.runtime, found.architecture
    lines = [f"Run with {runtime.name}, and nothing else on the GPU."]
    if runtime.slug == "vllm":
        lines.append(
            "This is what it needs: vLLM takes 90 % of the card from the start unless told otherwise"
            " (gpu_memory_utilization), and fills what is left with KV cache. The workspace is for"
            " max_num_seqs set to the sequences stated here."
        )
    if runtime.slug == "llama.cpp":
        lines.append("All layers on the GPU, with flash attention.")
    if architecture.is_moe:
        lines.append("All experts are resident; a token’s workspace follows the active ones.")
    kinds = {attention for attention, _ in architecture.layer_kinds()}
    if kinds & {"shared_full", "shared_sliding"}:
        lines.append("Layers that take the keys and values of others keep none themselves.")
    if architecture.vision_parameter_count:
        lines.append("The vision tower counts in 16 bits; its activations do not (text only).")
    if architecture.parameter_scale_fraction != 1.0:
        lines.append("A typical architecture of this size, interpolated between published ones.")
    if result.minimum is not None and result.minimum.gpu_count > 1:
        split = (
            "the layers are shared out"
            if runtime.splits_by_layer
            else "weights and KV heads are split (tensor parallelism)"
        )
        lines.append(
            f"On {result.minimum.gpu_count} GPUs {split}; each has its own workspace and runtime."
        )
    return tuple(lines)

"""Final norm, output head and loss; and the embedding: the two ends of the model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.step.altup import joined_streams
from calculator.estimation.step.linear_maps import product_with
from calculator.estimation.step.litgpt import loss_in_pieces, quantized_head
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import cast, gradient, saves_output, scale
from calculator.estimation.step.segment import Segment, only
from calculator.estimation.step.shadow import (
    FP32,
    GRADIENTS,
    LOGITS,
    Edge,
    Snapshot,
    Tape,
    Tensor,
)
from calculator.estimation.step.sizes import fixed, per_token


@lru_cache(maxsize=1024)
def run_head(architecture: Architecture, numerics: Numerics, *, input_width: int) -> Segment:
    """Run final norm, head and loss forward and backward.

    The loss is that of transformers (loss/loss_utils.py, ForCausalLMLoss): logits in the compute
    width (2 bytes per token and vocabulary entry), their fp32 copy (4), log-softmax (4);
    backward the gradient of the log-softmax (4) and of the fp32 logits (4), then of the logits.
    """
    tape = Tape(
        accumulates=numerics.accumulates,
        step_in_backward_width=numerics.step_in_backward_width,
    )
    size = per_token(architecture.stream_size)
    buffer = tape.new(size, input_width).buffer
    hidden: Tensor | None = Tensor(buffer, size, input_width, tape.leaf(stays=True))
    del buffer
    assert hidden is not None
    if architecture.altup_input_count:
        hidden = joined_streams(tape, architecture, numerics, hidden)
    normed: Tensor | None = apply_norm(
        tape, numerics, hidden, architecture.traits.norm, architecture.hidden_size, per_token(1)
    )
    hidden = None
    assert normed is not None
    if numerics.loss == "chunked":
        loss = _chunked_loss(tape, architecture, numerics, normed)
        logits = None
    else:
        logits = _logits(tape, architecture, numerics, normed)
        if architecture.traits.litgpt:
            loss, logits = loss_in_pieces(tape, logits)
        else:
            if numerics.loss_version == "4.45":
                logits = cast(tape, logits, FP32)
            loss = _loss(tape, numerics, logits)
        if not numerics.keeps_logits:
            logits = None
    normed = None
    forward = tape.memory.take_moments()
    tape.autocast_cache.clear()
    kept = tape.memory.now()
    assert loss.edge is not None
    tape.seed(loss.edge, fixed(1), FP32)
    del loss
    tape.run_backward()
    backward = tape.memory.take_moments()
    left = tape.memory.now()
    del logits
    held = left.minus(tape.memory.now())
    return Segment(forward, kept, Snapshot({}), backward, only(left, GRADIENTS), held)


def _logits(tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor) -> Tensor:
    vocab, size = architecture.vocab_size, architecture.hidden_size
    if architecture.traits.litgpt and numerics.quantizes_linear_maps:
        return quantized_head(tape, architecture, numerics, hidden)
    leaf = _head_leaf(tape, architecture, numerics)
    weight = Tensor(None, fixed(vocab * size), numerics.end_width, leaf)
    logits = product_with(tape, numerics, hidden, weight, vocab / size, kind=LOGITS)
    tape.kind = LOGITS
    if architecture.traits.logit_scale:
        logits = scale(tape, logits)
    if architecture.traits.logit_softcap:
        logits = scale(tape, saves_output(tape, scale(tape, logits)))
    return logits


def _head_leaf(tape: Tape, architecture: Architecture, numerics: Numerics) -> Edge | None:
    """Where the gradient of a trained head arrives.

    A tied head's waits there for the embedding's, before both are added to earlier ones or the
    optimizer steps: a parameter has one AccumulateGrad, which runs when all its gradients have come
    (torch/csrc/autograd/engine.cpp, dependencies).
    """
    if not numerics.trains_head:
        return None
    return tape.leaf(stays=architecture.tied_embeddings and numerics.trains_base)


def _loss(tape: Tape, numerics: Numerics, logits: Tensor) -> Tensor:
    wide = cast(tape, logits, FP32)
    taken = wide if numerics.loss_version == "4.50" else _shifted(tape, wide)
    if numerics.loss == "fused":
        return _fused_cross_entropy(tape, taken)
    log_probabilities = saves_output(tape, taken)
    del taken
    elements = log_probabilities.elements
    saved = log_probabilities if log_probabilities.requires_grad else None

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        assert saved is not None
        return [tape.new(elements, FP32, LOGITS)]

    return tape.record(tape.new(fixed(1), FP32), [log_probabilities], backward)


def _shifted(tape: Tape, logits: Tensor) -> Tensor:
    """logits[..., :-1, :].contiguous(): a copy, whose gradient fills one of all logits.

    Source: transformers 4.49, loss/loss_utils.py; 4.45, models/llama/modeling_llama.py.
    """
    elements, itemsize = logits.elements, logits.itemsize
    return tape.record(
        tape.new(elements, itemsize), [logits], lambda grads: [tape.new(elements, itemsize)]
    )


def _fused_cross_entropy(tape: Tape, logits: Tensor) -> Tensor:
    """One kernel that writes the gradient over the logits (Liger ops/cross_entropy.py)."""
    elements, buffer = logits.elements, logits.buffer
    return tape.record(
        tape.new(fixed(1), FP32), [logits], lambda grads: [Tensor(buffer, elements, FP32)]
    )


def _chunked_loss(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """Liger's fused linear cross-entropy: logits for one chunk of the tokens at a time.

    It makes as many chunks as keep a chunk's logits about as large as the hidden states
    (ops/fused_linear_cross_entropy.py), and computes the gradients of the hidden states and of
    a trained head in the forward pass.
    """
    tape.kind = LOGITS
    vocab, size = architecture.vocab_size, architecture.hidden_size
    hidden = cast(tape, hidden, numerics.compute_width)
    chunks = ceil(vocab / size)
    elements, width = hidden.elements, hidden.itemsize
    grad_hidden = tape.new(elements, width)
    trained = numerics.trains_head
    grad_head = tape.new(fixed(vocab * size), numerics.end_width) if trained else None
    chunk = tape.new(per_token(vocab / chunks), numerics.compute_width)
    chunk32 = tape.new(per_token(vocab / chunks), FP32)
    del chunk, chunk32
    leaf = _head_leaf(tape, architecture, numerics)
    weight = Tensor(None, fixed(vocab * size), numerics.end_width, leaf)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        head = None
        if grad_head is not None:
            head = tape.new(fixed(vocab * size), numerics.end_width, GRADIENTS)
        return [gradient(tape, elements, width) if grad_hidden is None else grad_hidden, head]

    return tape.record(tape.new(fixed(1), FP32), [hidden, weight], backward)

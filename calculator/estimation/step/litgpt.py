"""LitGPT's own modelling code, where a step differs from transformers' and peft's.

Source: Lightning-AI/litgpt of October 2023 (8641822), lit_gpt/model.py, lora.py and utils.py, and
lightning-fabric 2.1, plugins/precision/bitsandbytes.py and half.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.step.linear_maps import dropout, product
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import add, gradient, scale, split
from calculator.estimation.step.quantized_maps import quantized_product
from calculator.estimation.step.shadow import FP32, LOGITS, Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def joined_query_key_value(
    tape: Tape, numerics: Numerics, hidden: Tensor, modules: Sequence[LinearModule]
) -> list[Tensor]:
    """Queries, keys and values as views of one map's output, adapted as one (LoRAQKVLinear).

    The value that attention saves is such a view and keeps all three. The adapter's output of the
    adapted parts is copied among zeros of the whole width by index_copy(), which saves it for
    its derivative (PyTorch 2.1, tools/autograd/derivatives.yaml: source.expand_as).
    """
    inputs, output = modules[0].input_size, sum(module.output_size for module in modules)
    joined = LinearModule("attn", inputs, output)
    if numerics.quantizes_linear_maps:
        result = quantized_product(tape, numerics, hidden, joined)
    else:
        result = product(
            tape,
            numerics,
            hidden,
            output / inputs,
            joined.weight_count,
            numerics.base_width,
            trained=numerics.trains_base,
        )
    adapted = [module for module in modules if numerics.targets_module(module)]
    if adapted:
        result = add(tape, result, _padded_adapter(tape, numerics, hidden, joined, adapted))
    return split(tape, result, [per_token(module.output_size) for module in modules])


def _padded_adapter(
    tape: Tape,
    numerics: Numerics,
    hidden: Tensor,
    joined: LinearModule,
    adapted: Sequence[LinearModule],
) -> Tensor:
    rank, width = numerics.rank, numerics.adapter_width
    ranks, high = rank * len(adapted), sum(module.output_size for module in adapted)
    low = dropout(tape, hidden) if numerics.dropout else hidden
    low = product(
        tape,
        numerics,
        low,
        ranks / joined.input_size,
        ranks * joined.input_size,
        width,
        trained=True,
    )
    source = product(tape, numerics, low, high / ranks, rank * high, width, trained=True)
    del low
    if high == joined.output_size:
        return scale(tape, source)
    saved: Tensor | None = source
    elements, itemsize = source.elements, source.itemsize

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        assert saved is not None
        return [gradient(tape, elements, itemsize)]

    whole = per_token(joined.output_size)
    zeros = tape.new(whole, itemsize)
    padded = tape.record(tape.new(whole, itemsize), [source], backward)
    del zeros, source
    return scale(tape, padded)


def quantized_head(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """The head's 16-bit logits: Fabric's plugin quantises every linear map, the head too."""
    head = LinearModule("lm_head", architecture.hidden_size, architecture.vocab_size)
    tape.kind = LOGITS
    return quantized_product(tape, numerics, hidden, head)


def loss_in_pieces(tape: Tape, logits: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, and what of the logits the training loop keeps.

    Fabric widens what the model returns to fp32 (convert_output), and the loop holds it until
    the next step. The cross-entropy runs over 128 tokens at a time (chunked_cross_entropy): all
    log-softmaxes are saved, and each piece's gradient comes when its own has gone.
    """
    elements, width = logits.elements, logits.itemsize
    source = Tensor(None, elements, width, logits.edge)
    kept = tape.new(elements, FP32)
    del logits
    saved: Tensor | None = tape.new(elements, FP32)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        nonlocal saved
        saved = None
        return [tape.new(elements, width, LOGITS)]

    return tape.record(tape.new(fixed(1), FP32), [source], backward), kept

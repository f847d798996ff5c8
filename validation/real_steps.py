"""Runs small steps with real tensors on the CPU, and the same ones on fake tensors.

    python -m validation.real_steps     writes validation/real_steps.csv

The 4- and 8-bit maps are bitsandbytes' own in the first and the stand-ins of
`tracing/quantized_linear.py` in the second, so that what these state is checked; whether the
engine adds a tied head's gradient in place is asked of PyTorch's profiler, as the counting of
bytes cannot tell. Needs validation/requirements.txt and bitsandbytes; no network, no GPU.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bitsandbytes
import torch
from torch import nn
from torch.profiler import profile
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig

from validation.trace import SETTING_COLUMNS, settings_of, versions, write_rows
from validation.tracing.case import Case
from validation.tracing.cases import SMALL_LLAMA
from validation.tracing.fake_tensors import take_the_paths_of_a_gpu, trace
from validation.tracing.live_bytes import LiveBytes
from validation.tracing.training_step import adapted, compute_dtype, load_dtype, run_steps

REAL_STEPS = Path(__file__).parent / "real_steps.csv"
COLUMNS = (
    *SETTING_COLUMNS,
    "real_bytes",
    "traced_bytes",
    "adds_in_place",
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "date",
)
_QLORA = ({}, {"prepare_kbit": False}, {"recipe": "pure_bf16"}, {"lora_dropout": 0.1})
_FOUR_BITS = [
    Case("", "qlora", 2, 512, checkpoints, quantization=quantization, **settings)
    for settings in _QLORA
    for quantization in ("nf4_double", "nf4")
    for checkpoints in (False, True)
]
# On a CPU bitsandbytes multiplies 8-bit weights by `linear`, which autocasts.
_EIGHT_BITS = [
    replace(case, quantization="int8")
    for case in _FOUR_BITS
    if case.recipe == "pure_bf16" and case.quantization == "nf4"
]
_TIED = [
    Case("", gradient_checkpointing=False, sequence_length=64, optimizer="sgd", recipe=recipe)
    for recipe in ("fp32", "pure_bf16", "bf16_autocast")
]


def main() -> int:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    rows = []
    for case in (*_FOUR_BITS, *_EIGHT_BITS, *_TIED):
        real, traced = max(real_peaks(case).values()), max(trace(case, _config(case))[1].values())
        print(f"{traced / real - 1:+7.2%}  real {real:,} bytes  traced {traced:,} bytes  {case}")
        rows.append(
            {
                **settings_of(case),
                "real_bytes": real,
                "traced_bytes": traced,
                "adds_in_place": str(adds_in_place(case)).lower() if case in _TIED else "",
                **versions(),
                "bitsandbytes": bitsandbytes.__version__,
            }
        )
    write_rows(REAL_STEPS, COLUMNS, rows)
    return 0 if all(row["real_bytes"] == row["traced_bytes"] for row in rows) else 1


def adds_in_place(case: Case) -> bool:
    """Whether the embedding's gradient is added to a tied head's, with nothing looking on."""
    config = _config(case)
    model = adapted(case, AutoModelForCausalLM.from_config(config, dtype=load_dtype(case)))
    with profile(record_shapes=True) as profiled:
        run_steps(case, model, config, "cpu", lambda phase: None)
    shape = [config.vocab_size, config.hidden_size]
    names = {event.name for event in profiled.events() if event.input_shapes[:2] == [shape] * 2}
    return "aten::add" not in names


def real_peaks(case: Case) -> dict[str, int]:
    """The most bytes of each phase of a step on real tensors."""
    take_the_paths_of_a_gpu()
    config = _config(case)
    model = AutoModelForCausalLM.from_config(config, dtype=load_dtype(case))
    if case.method == "qlora":
        _quantize(model, case)
    model = adapted(case, model)
    live = LiveBytes()
    for tensor in [*model.parameters(), *model.buffers(), *_scales(model)]:
        live.track(tensor)
    with live:
        run_steps(case, model, config, "cpu", live.enter)
    return {phase: size for phase, size in live.peak_bytes_of.items() if phase != "setup"}


def _scales(model: nn.Module) -> Iterator[torch.Tensor]:
    """The scales of packed weights, which are neither parameters nor buffers."""
    for parameter in model.parameters():
        if isinstance(parameter, bitsandbytes.nn.Params4bit):
            state = parameter.quant_state
            yield state.absmax
            if state.nested:
                yield state.state2.absmax
        elif isinstance(parameter, bitsandbytes.nn.Int8Params):
            yield parameter.SCB


def _config(case: Case) -> PreTrainedConfig:
    config = AutoConfig.for_model(
        "llama", **SMALL_LLAMA, tie_word_embeddings=case.method == "full", use_cache=False
    )
    config._attn_implementation = case.attention
    return config


def _quantize(model: nn.Module, case: Case) -> None:
    """As transformers' loading does (integrations/bitsandbytes.py, replace_with_bnb_linear)."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child is not head:
                setattr(parent, name, _quantized(child, case).requires_grad_(requires_grad=False))
    model.is_loaded_in_8bit = case.quantization == "int8"
    model.is_loaded_in_4bit = not model.is_loaded_in_8bit


def _quantized(linear: nn.Linear, case: Case) -> nn.Linear:
    shape: tuple[Any, ...] = (linear.in_features, linear.out_features, linear.bias is not None)
    if case.quantization == "int8":
        result = bitsandbytes.nn.Linear8bitLt(*shape, has_fp16_weights=False, threshold=6.0)
    else:
        result = bitsandbytes.nn.Linear4bit(
            *shape,
            compute_dtype=compute_dtype(case),
            compress_statistics=case.quantization == "nf4_double",
            quant_type="nf4",
        )
    result.load_state_dict(linear.state_dict())
    return result.to("cpu")


if __name__ == "__main__":
    sys.exit(main())

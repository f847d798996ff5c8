"""Runs a step for real on a CUDA card and reads PyTorch's and the driver's counters."""

from __future__ import annotations

import gc
import subprocess
import time
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig

from validation.tracing.case import Case
from validation.tracing.training_step import (
    STEP_COUNT,
    adapted,
    compute_dtype,
    load_dtype,
    run_steps,
)

MIB = 2**20


def measure(case: Case, config: PreTrainedConfig) -> dict[str, Any]:
    """Allocated, reserved and device bytes at their peak, over the case's steps.

    device_bytes is what nvidia-smi shows for the whole card when the steps are done, less what it
    showed before this process touched the card; context_bytes is what remains of it when all of
    PyTorch's memory is taken away. A step that does not fit is recorded with its outcome.
    """
    before_bytes = _card_bytes()
    torch.zeros(1, device="cuda")
    _empty()
    row: dict[str, Any] = {
        "outcome": "ran",
        "context_bytes": _card_bytes() - before_bytes - torch.cuda.memory_reserved(),
        "card": torch.cuda.get_device_name(),
        "driver": _smi("driver_version"),
        "cuda": torch.version.cuda,
        "bitsandbytes": _bitsandbytes_version(),
    }
    torch.cuda.reset_peak_memory_stats()
    try:
        model = _model_on_card(case, config)
        row["trained_count"] = sum(p.numel() for p in model.parameters() if p.requires_grad)
        started = time.perf_counter()
        run_steps(case, model, config, "cuda", lambda phase: None)
        torch.cuda.synchronize()
        row["step_seconds"] = round((time.perf_counter() - started) / STEP_COUNT, 3)
        del model
    except torch.cuda.OutOfMemoryError:
        row["outcome"] = "out of memory"
    row["allocated_bytes"] = torch.cuda.max_memory_allocated()
    row["reserved_bytes"] = torch.cuda.max_memory_reserved()
    row["device_bytes"] = _card_bytes() - before_bytes
    _empty()
    return row


def _model_on_card(case: Case, config: PreTrainedConfig) -> nn.Module:
    """The model with random weights; 4- and 8-bit ones are quantised by bitsandbytes itself."""
    if case.method != "qlora":
        with torch.device("cuda"):
            model = AutoModelForCausalLM.from_config(config, dtype=load_dtype(case))
        return adapted(case, model)
    model = AutoModelForCausalLM.from_config(config, dtype=load_dtype(case))
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child is not head:
                setattr(parent, name, _quantized(case, child))
    model.is_loaded_in_4bit = case.quantization != "int8"
    model.is_loaded_in_8bit = case.quantization == "int8"
    return adapted(case, model.to("cuda"))


def _quantized(case: Case, linear: nn.Linear) -> nn.Module:
    """bitsandbytes' module for a linear map; moving it to the card quantises its weights."""
    import bitsandbytes as bnb

    sizes = (linear.in_features, linear.out_features, linear.bias is not None)
    if case.quantization == "int8":
        module = bnb.nn.Linear8bitLt(*sizes, has_fp16_weights=False)
        module.weight = bnb.nn.Int8Params(
            linear.weight.data, requires_grad=False, has_fp16_weights=False
        )
    else:
        nested = case.quantization == "nf4_double"
        module = bnb.nn.Linear4bit(
            *sizes, compute_dtype(case), compress_statistics=nested, quant_type="nf4"
        )
        module.weight = bnb.nn.Params4bit(
            linear.weight.data, requires_grad=False, compress_statistics=nested, quant_type="nf4"
        )
    if linear.bias is not None:
        module.bias = nn.Parameter(linear.bias.data, requires_grad=False)
    return module


def _empty() -> None:
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()


def _card_bytes() -> int:
    """Bytes in use on the card, by whomever; the card must be otherwise idle."""
    return int(_smi("memory.used")) * MIB


def _smi(field: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits", "--id=0"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _bitsandbytes_version() -> str:
    try:
        import bitsandbytes
    except ImportError:
        return ""
    return str(bitsandbytes.__version__)

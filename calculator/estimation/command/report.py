"""An answer as JSON, as plain text, or as a table on a terminal where rich is installed."""

from __future__ import annotations

import json
import sys

from calculator.estimation.command.asking import Answer, MethodAnswer
from calculator.estimation.device import DeviceBytes
from calculator.estimation.estimate import FORMULA_VERSION
from calculator.estimation.units import GB
from calculator.estimation.verdict import VERDICT_WORDS

HEADS = ("method", "about", "range", "peak of PyTorch", "as", "verdict")


def as_json(found: Answer) -> str:
    """The answer under the names of the API, and `fits`."""
    gpu = found.gpu
    value = {
        "model": found.model,
        "gpu": None if gpu is None else {"name": gpu.name, "usable_bytes": gpu.usable_bytes},
        "gpu_count": found.gpu_count,
        "fits": found.fits,
        "methods": {each.settings.method: _method_as_json(each) for each in found.methods},
        "formula_version": FORMULA_VERSION,
    }
    return json.dumps(value, indent=2) + "\n"


def _method_as_json(each: MethodAnswer) -> dict[str, object]:
    run, host = each.run, each.run.host
    return {
        "device_bytes_per_gpu": _range(run.device_bytes),
        "peak_allocated_bytes_per_gpu": run.peak_allocated_bytes,
        "peak_phase": run.per_gpu.peak_phase,
        "breakdown": [
            {"component": item.component, "bytes": item.bytes} for item in run.per_gpu.breakdown
        ],
        "host_bytes_per_node": {"low": host.low, "likely": host.likely, "high": host.high},
        "strategy": run.sharding.strategy,
        "offload": run.sharding.offload,
        "verdict": each.verdict,
        "verdict_sentence": each.sentence,
        "assumptions": list(run.per_gpu.assumptions),
    }


def _range(device: DeviceBytes) -> dict[str, int]:
    return {"low": device.low, "likely": device.likely, "high": device.high}


def print_report(found: Answer) -> None:
    """Write a table to the standard output: rich's on a terminal, plain text elsewhere."""
    rows = [_cells(each) for each in found.methods]
    if not (sys.stdout.isatty() and _print_with_rich(_title(found), rows)):
        sys.stdout.write(_plain(_title(found), rows))
    for each in found.methods:
        if each.sentence:
            sys.stdout.write(f"{each.settings.method}: {each.sentence}\n")


def _title(found: Answer) -> str:
    count = found.gpu_count
    if found.gpu is None:
        return f"{found.model} on {'one GPU' if count == 1 else f'{count:,} GPUs'}"
    times = f"{count:,}× " if count > 1 else ""
    usable = f"{found.gpu.usable_bytes / GB:.1f} GB for a run"
    return f"{found.model} on {times}{found.gpu.name} ({usable})"


def _cells(each: MethodAnswer) -> tuple[str, ...]:
    device, sharding = each.run.device_bytes, each.run.sharding
    offload = "" if sharding.offload == "none" else f", {sharding.offload} on the host"
    return (
        each.settings.method,
        f"{device.likely / GB:.1f} GB",
        f"{device.low / GB:.1f} to {device.high / GB:.1f} GB",
        f"{each.run.peak_allocated_bytes / GB:.1f} GB",
        f"{sharding.name}{offload}",
        "" if each.verdict is None else VERDICT_WORDS[each.verdict],
    )


def _plain(title: str, rows: list[tuple[str, ...]]) -> str:
    table = [HEADS, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )
    return "\n".join([title, *lines]) + "\n"


def _print_with_rich(title: str, rows: list[tuple[str, ...]]) -> bool:
    """Whether rich is there and has printed it."""
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        return False
    table = Table(*HEADS, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    return True

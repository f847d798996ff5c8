"""Whether the GPU that a visitor came from holds each method: `gpu=rtx-4090` in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calculator.answer.precise import PreciseResult
from calculator.catalog import Catalog
from calculator.estimation.verdict import VERDICT_WORDS, verdict, verdict_sentence
from calculator.words.addresses import path_of
from calculator.words.formatting import format_gb


@dataclass(frozen=True, slots=True)
class OwnGpuView:
    """The GPU, what it has to use, and for each method its name and whether it fits."""

    name: str
    url: str
    usable: str
    methods: tuple[tuple[str, str], ...]
    tight: str = ""
    """What tight means, of the first method that is."""


def present_own_gpu(
    catalog: Catalog, slug: str, results: Sequence[PreciseResult]
) -> OwnGpuView | None:
    """One card of the GPU, by its own usable memory; None where no such GPU is published.

    The cards' minimum names a size that all of its example GPUs have; one GPU may have more.
    """
    gpu = next((each for each in catalog.gpus if each.slug == slug), None)
    if gpu is None:
        return None
    devices = [(result.name, result.estimate.device_bytes) for result in results]
    verdicts = [(name, device, verdict(device, gpu.usable_bytes)) for name, device in devices]
    return OwnGpuView(
        name=gpu.name,
        url=path_of("gpus:card", slug),
        usable=format_gb(gpu.usable_bytes),
        methods=tuple((name, VERDICT_WORDS[found]) for name, _, found in verdicts),
        tight=next(
            (
                verdict_sentence(device, gpu.usable_bytes)
                for _, device, found in verdicts
                if found == "tight"
            ),
            "",
        ),
    )

"""The GPU that a visitor has, or several of it: `gpu=rtx-4090`, `gpu=2x-rtx-4090` in the address.

It is read as people type it (“4090”, “2x 3090”, “a100 80gb pcie”) and stands beside the question:
no figure depends on it, only whether the visitor's own cards hold the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calculator.words.formatting import shortened
from gpus.labels import matching_gpus, meant_gpu
from gpus.specs import GpuSpec

OWN_GPU = "gpu"
MOST_OWN_GPUS = 64
LONGEST_TYPED = 100
# How many GPUs there are to choose from where a name means several: as many as an “RTX 6000” may be.
MOST_CHOICES = 6

_MINE = re.compile(r"^(?:my|the|one|single)\s+", re.IGNORECASE)
_COUNT_FIRST = re.compile(r"(\d{1,3})\s*[x×*][\s-]*(\S.*)", re.IGNORECASE)
_COUNT_LAST = re.compile(r"(.*\S)\s+[x×*]\s*(\d{1,3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnGpu:
    """So many cards of one GPU."""

    gpu: GpuSpec
    gpu_count: int = 1

    @property
    def name(self) -> str:
        """“GeForce RTX 4090”, “2× GeForce RTX 4090”."""
        return f"{self.gpu_count}× {self.gpu.name}" if self.gpu_count > 1 else self.gpu.name

    @property
    def query(self) -> dict[str, str]:
        times = f"{self.gpu_count}x-" if self.gpu_count > 1 else ""
        return {OWN_GPU: f"{times}{self.gpu.slug}"}


@dataclass(frozen=True, slots=True)
class OwnGpuForm:
    """What a query says of the visitor's GPU. own is None where it says nothing, or nothing clear.

    choices: what it may mean, where it is the name of several.
    """

    typed: str = ""
    own: OwnGpu | None = None
    error: str = ""
    choices: tuple[OwnGpu, ...] = ()
    # A phone's field has room for “RTX 4090”, not for “GeForce RTX 4090”.
    short_text: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What stands in the address; as typed while it is not understood."""
        if self.own is not None:
            return self.own.query
        return {OWN_GPU: self.typed} if self.typed else {}

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.typed if self.own is None else self.short_text


def read_own_gpu(gpus: Iterable[GpuSpec], query: Mapping[str, str]) -> OwnGpuForm:
    """Read the visitor's GPU. One that is not known is an error beside its field, nothing worse."""
    typed = query.get(OWN_GPU, "").strip()
    if not typed:
        return OwnGpuForm()
    if len(typed) > LONGEST_TYPED:
        return OwnGpuForm(shortened(typed, LONGEST_TYPED), error="Enter the name of a GPU.")
    gpus = tuple(gpus)
    count, name = _count_and_name(gpus, typed)
    if not 1 <= count <= MOST_OWN_GPUS:
        return OwnGpuForm(typed, error=f"Enter a number of GPUs from 1 to {MOST_OWN_GPUS}.")
    gpu = meant_gpu(gpus, name)
    if gpu is None:
        return _unclear(gpus, typed, count, name)
    is_enough = meant_gpu(gpus, gpu.short_name) == gpu
    times = f"{count}× " if count > 1 else ""
    short_text = f"{times}{gpu.short_name if is_enough else gpu.name}"
    return OwnGpuForm(typed, OwnGpu(gpu, count), short_text=short_text)


def _count_and_name(gpus: tuple[GpuSpec, ...], typed: str) -> tuple[int, str]:
    if any(gpu.slug == typed for gpu in gpus):
        return 1, typed
    typed = _MINE.sub("", typed)
    if found := _COUNT_FIRST.fullmatch(typed):
        return int(found[1]), found[2]
    if found := _COUNT_LAST.fullmatch(typed):
        return int(found[2]), found[1]
    return 1, typed


def _unclear(gpus: tuple[GpuSpec, ...], typed: str, count: int, name: str) -> OwnGpuForm:
    found = matching_gpus(gpus, name)
    shown = f"“{shortened(name, 40)}”"
    if not found:
        error = f"No GPU here is called {shown}. Type its name, such as RTX 4090 or 2× RTX 3090."
        return OwnGpuForm(typed, error=error)
    some = f", here are {MOST_CHOICES}" if len(found) > MOST_CHOICES else ""
    return OwnGpuForm(
        typed,
        error=f"{len(found)} GPUs match {shown}{some}. Which one is yours?",
        choices=tuple(OwnGpu(gpu, count) for gpu in found[:MOST_CHOICES]),
    )

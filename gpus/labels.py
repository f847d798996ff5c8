"""How a setup is named: “2× 80 GB (A100 / H100)”; and which GPU a few typed words mean.

“4090”, “rtx4090” and “nvidia geforce 4090” are the same. Of a card the letters may be wrong and the
number may not: a 4090 is no 4080.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from gpus.fitting import GpuSetup, Setup
from gpus.specs import GpuSpec, TierSpec

# How alike two words are, from 0 to 1 (difflib): “rxt” and “rtx” 0.67.
ALIKE_GPU_WORD = 0.6

_PARTS = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
# Of a card's name, what says nothing of which card it is.
_VENDOR_WORDS = frozenset({"nvidia", "geforce", "amd", "radeon", "intel", "apple", "gpu", "card"})


def setup_label(setup: Setup) -> str:
    times = f"{setup.gpu_count:,}× " if setup.gpu_count > 1 else ""
    return f"{times}{tier_label(setup.tier)}"


def tier_label(tier: TierSpec) -> str:
    examples = examples_label(tier)
    return f"{tier.label} ({examples})" if examples else tier.label


def examples_label(tier: TierSpec) -> str:
    """“RTX 4090 / 3090”: a first word that all examples share is said once."""
    names = [gpu.short_name for gpu in tier.examples]
    first_words = {name.split(" ", 1)[0] for name in names if " " in name}
    if len(names) > 1 and len(first_words) == 1 and all(" " in name for name in names):
        names[1:] = [name.split(" ", 1)[1] for name in names[1:]]
    return " / ".join(names)


def gpu_setup_label(choice: GpuSetup) -> str:
    """“1× H200 141 GB”."""
    return f"{choice.gpu_count:,}× {choice.gpu.short_name} {choice.gpu.memory_gb} GB"


def matching_gpus(gpus: Iterable[GpuSpec], typed: str) -> list[GpuSpec]:
    """GPUs whose names have every part that was typed: exact ones, else those that nearly do.

    “rtx4090”, “RTX 4090” and “nvidia geforce 4090” are the same.
    """
    parts = _PARTS.findall(typed.casefold())
    wanted = [part for part in parts if part not in _VENDOR_WORDS] or parts
    if not wanted:
        return []
    parts_of = [(gpu, _gpu_parts(gpu)) for gpu in gpus]
    exact = [(gpu, parts) for gpu, parts in parts_of if _has_all(parts, wanted)]
    found = exact or [(gpu, parts) for gpu, parts in parts_of if _nearly_has_all(parts, wanted)]
    # What was typed whole comes before longer names that have it too: “4070” before “4070 Ti”.
    return [gpu for gpu, parts in sorted(found, key=lambda each: len(each[1]))]


def _gpu_parts(gpu: GpuSpec) -> list[str]:
    words = f"{gpu.vendor} {gpu.name} {gpu.slug} {gpu.memory_gb} gb".casefold()
    return list(dict.fromkeys(_PARTS.findall(words)))


def _has_all(parts: Collection[str], wanted: list[str]) -> bool:
    *before, last = wanted
    return all(part in parts for part in before) and (
        # Of the last word a beginning is enough, and of a number one that is half typed.
        any(part.startswith(last) for part in parts)
        if last.isalpha() or len(last) > 1
        else last in parts
    )


def _nearly_has_all(parts: list[str], wanted: list[str]) -> bool:
    if not any(part.isdigit() for part in wanted):
        return False
    return all(
        bool(get_close_matches(part, parts, n=1, cutoff=ALIKE_GPU_WORD))
        if part.isalpha()
        else part in parts
        for part in wanted
    )


def meant_gpu(gpus: Iterable[GpuSpec], typed: str) -> GpuSpec | None:
    """The one GPU that is meant, by its slug, its name or words that no other has; else None.

    Where several have the words whole, the one whose name has least beside them is meant: “4070”
    is no “4070 Ti”. Two that differ in memory alone, such as “3060”, leave the question open.
    """
    gpus = tuple(gpus)
    folded = " ".join(typed.casefold().split())
    for gpu in gpus:
        if folded in (gpu.slug, gpu.name.casefold()):
            return gpu
    as_a_word = re.compile(rf"(?<!\w){re.escape(folded)}(?!\w)")
    having_it = [gpu for gpu in gpus if as_a_word.search(gpu.name.casefold())]
    if len(having_it) == 1:
        return having_it[0]
    found = matching_gpus(gpus, typed)
    if len(found) < 2:
        return found[0] if found else None
    first, second = found[:2]
    wanted = set(_PARTS.findall(folded))
    is_whole = wanted <= set(_gpu_parts(first)) | _VENDOR_WORDS
    return first if is_whole and len(_gpu_parts(first)) < len(_gpu_parts(second)) else None

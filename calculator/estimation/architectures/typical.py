"""The architecture that is usual for a size, for a model of which only the size is known."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from math import exp, log

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.units import BILLION

# Widths in steps that leave several heads to share a key: 4 heads of 128, or 4 of 64.
HEAD_DIM, STEP = 128, 512
SMALL_HEAD_DIM, SMALL_STEP, SMALL_BELOW = 64, 256, 2_048
KV_HEADS = 8
# Narrower published models share the two ends of their vocabulary (Llama 3.2 3B: 3,072 wide),
# wider ones do not (Qwen2.5 7B: 3,584).
TIED_BELOW_WIDTH = 3_584


@dataclass(frozen=True, slots=True)
class Anchor:
    """A published dense model; calculator/data/models.csv has its row, with the source."""

    slug: str
    params_b: float
    hidden_size: int
    layer_count: int
    intermediate_size: int


# Between these the sizes are interpolated on log scales; beyond the ends they go on as between
# the last two. Each is as large as the one before, or larger, in every size.
ANCHORS: tuple[Anchor, ...] = (
    Anchor("pythia-160m", 0.162, 768, 12, 3_072),
    Anchor("qwen2-5-0-5b", 0.494, 896, 24, 4_864),
    # 22 layers there; 24 here, so that no size has fewer layers than a smaller one.
    Anchor("tinyllama-1-1b", 1.100, 2_048, 24, 5_632),
    Anchor("llama-3-2-3b", 3.213, 3_072, 28, 8_192),
    Anchor("llama-3-1-8b", 8.030, 4_096, 32, 14_336),
    Anchor("qwen3-14b", 14.768, 5_120, 40, 17_408),
    Anchor("qwen3-32b", 32.762, 5_120, 64, 25_600),
    Anchor("llama-3-1-70b", 70.554, 8_192, 80, 28_672),
    Anchor("llama-3-1-405b", 405.853, 16_384, 126, 53_248),
)
# Llama 3's vocabulary from 1 billion parameters up; below, down to Pythia's at its size, as a
# large one would be most of the model.
LARGE_VOCABULARY, LARGE_FROM_B = 128_256, 1.1
SMALL_VOCABULARY, SMALL_AT_B = 50_304, 0.162


@lru_cache(maxsize=512)
def typical_architecture(params_b: Decimal | float) -> Architecture:
    """A decoder of Llama's kind with exactly so many billion parameters.

    Widths are rounded to what hardware likes, and the layers' parameters are then scaled
    (`parameter_scale_fraction`) so that the total is the size asked for.

    Raises:
        ValueError: the size is not above 0.
    """
    size_b = float(params_b)
    if not size_b > 0:
        raise ValueError(f"A model has more than {size_b} billion parameters.")
    wide = _between(size_b, "hidden_size")
    is_small = wide < SMALL_BELOW
    hidden = _rounded(wide, SMALL_STEP if is_small else STEP)
    head_dim = SMALL_HEAD_DIM if is_small else HEAD_DIM
    heads = hidden // head_dim
    unscaled = Architecture(
        name=f"Typical {size_b:g}B",
        model_type="llama",
        hidden_size=hidden,
        layer_count=_rounded(_between(size_b, "layer_count"), 1),
        head_count=heads,
        kv_head_count=next(count for count in range(KV_HEADS, 0, -1) if heads % count == 0),
        head_dim=head_dim,
        intermediate_size=_rounded(_between(size_b, "intermediate_size"), SMALL_HEAD_DIM),
        vocab_size=_vocab_size(size_b),
        tied_embeddings=hidden < TIED_BELOW_WIDTH,
    )
    counts = count_parameters(unscaled)
    wanted = round(size_b * BILLION)
    rest = counts.total_count - counts.linear_count
    scaled = max(wanted - rest, counts.linear_count // 100)
    return replace(unscaled, parameter_scale_fraction=scaled / counts.linear_count)


def _between(size_b: float, name: str) -> float:
    """A size interpolated, or carried on, on log scales."""
    sizes = [each.params_b for each in ANCHORS]
    index = min(max(bisect_right(sizes, size_b) - 1, 0), len(sizes) - 2)
    low, high = ANCHORS[index], ANCHORS[index + 1]
    fraction = (log(size_b) - log(low.params_b)) / (log(high.params_b) - log(low.params_b))
    start, end = log(getattr(low, name)), log(getattr(high, name))
    return exp(start + fraction * (end - start))


def _vocab_size(size_b: float) -> int:
    if size_b >= LARGE_FROM_B:
        return LARGE_VOCABULARY
    fraction = (log(size_b) - log(SMALL_AT_B)) / (log(LARGE_FROM_B) - log(SMALL_AT_B))
    start, end = log(SMALL_VOCABULARY), log(LARGE_VOCABULARY)
    return _rounded(exp(start + max(fraction, -0.5) * (end - start)), 64)


def _rounded(value: float, multiple: int) -> int:
    return max(1, round(value / multiple)) * multiple

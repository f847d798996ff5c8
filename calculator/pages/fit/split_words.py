"""“2× 24 GB is not 48 GB”, with this run's figures."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.halves import Halves
from calculator.pages.fit.row_views import sharding_words
from calculator.words.formatting import format_gb


@dataclass(frozen=True, slots=True)
class HalvesView:
    title: str
    text: str


def halves_view(split: Halves) -> HalvesView:
    pair = split.pair
    each = format_gb(pair.estimate.device_bytes.likely)
    ends = {
        "fits": "and both hold that",
        "tight": f"which is tight on {split.half_gb} GB",
        "too_small": f"more than a {split.half_gb} GB card has",
    }[pair.verdict]
    return HalvesView(
        title=f"2× {split.half_gb} GB is not {split.whole_gb} GB",
        text=(
            f"One {split.whole_gb} GB card holds this run in about {format_gb(split.whole_bytes)}."
            f" On two {split.half_gb} GB cards with {sharding_words(pair.sharding)} each takes"
            f" about {each}, {ends}: {format_gb(split.shared_bytes)} is its share of weights and"
            f" states, but {format_gb(split.own_bytes)} of activations, logits, gathered weights"
            " and buffers it holds by itself, and the rest is the allocator's and the driver's."
        ),
    )

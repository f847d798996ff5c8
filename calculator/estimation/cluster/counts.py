"""How many GPUs one can have: one, two, four, eight, then whole nodes of eight."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from calculator.estimation.cluster.sharding import GPUS_PER_NODE, MAXIMUM_GPUS

T = TypeVar("T")

# Clouds rent, and machines hold, these many; beyond them whole machines of eight are joined.
COUNTS_OF_ONE_NODE = (1, 2, 4, 8)


def count_that_can_be_had(needed: int, most: int = MAXIMUM_GPUS) -> int | None:
    """The smallest count of GPUs that can be had and is at least `needed`; None above `most`."""
    for count in COUNTS_OF_ONE_NODE:
        if count >= needed:
            return count if count <= most else None
    count = -(-needed // GPUS_PER_NODE) * GPUS_PER_NODE
    return count if count <= most else None


def counts_that_can_be_had(most: int = MAXIMUM_GPUS) -> tuple[int, ...]:
    """All counts up to `most`, in rising order."""
    nodes = range(2 * GPUS_PER_NODE, most + 1, GPUS_PER_NODE)
    return (*(count for count in COUNTS_OF_ONE_NODE if count <= most), *nodes)


def words_for_count(needed: int) -> str:
    """What is said where fewer would do: “9×: 16 in nodes of 8”; nothing where they can be had."""
    had = count_that_can_be_had(needed)
    if had == needed:
        return ""
    if had is None:
        return f"{needed:,}×: more than {MAXIMUM_GPUS:,} in nodes of {GPUS_PER_NODE}"
    if had <= GPUS_PER_NODE:
        return f"{needed}×: machines have {had}"
    return f"{needed:,}×: {had:,} in nodes of {GPUS_PER_NODE}"


def fewest(tried: Callable[[int], T | None], most: int = MAXIMUM_GPUS) -> T | None:
    """What `tried` gives for the fewest GPUs for which it gives anything; None: for none.

    One node's counts are tried in turn. Of whole nodes, where one more never holds less, the
    number is doubled until they do and the gap then halved: some 4 + 2 · log2(nodes) calls.
    """
    for count in COUNTS_OF_ONE_NODE:
        if count > most:
            return None
        found = tried(count)
        if found is not None:
            return found
    most_nodes = most // GPUS_PER_NODE
    low, high = 1, 2
    best = None
    while high <= most_nodes:
        best = tried(high * GPUS_PER_NODE)
        if best is not None:
            break
        if high == most_nodes:
            return None
        low, high = high, min(2 * high, most_nodes)
    while best is not None and high - low > 1:
        middle = (low + high) // 2
        found = tried(middle * GPUS_PER_NODE)
        if found is None:
            low = middle
        else:
            best, high = found, middle
    return best

"""Several GPUs, time, cost, and the question the other way round: what a card can train."""

from calculator.estimation.cluster.counts import count_that_can_be_had, words_for_count
from calculator.estimation.cluster.host import HOST_PARTS, HostMemory
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import (
    GPUS_PER_NODE,
    MAXIMUM_GPUS,
    OFFLOAD_NAMES,
    OFFLOADS,
    OFFLOADS_OF,
    STRATEGIES,
    STRATEGY_NAMES,
    Offload,
    Sharding,
    Strategy,
    impossible_reason,
    sharding_from_mapping,
)

__all__ = [
    "GPUS_PER_NODE",
    "HOST_PARTS",
    "MAXIMUM_GPUS",
    "OFFLOADS",
    "OFFLOADS_OF",
    "OFFLOAD_NAMES",
    "STRATEGIES",
    "STRATEGY_NAMES",
    "HostMemory",
    "Offload",
    "ShardedEstimate",
    "Sharding",
    "Strategy",
    "count_that_can_be_had",
    "estimate_sharded",
    "impossible_reason",
    "sharding_from_mapping",
    "words_for_count",
]

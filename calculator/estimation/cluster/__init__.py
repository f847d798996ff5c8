"""Several GPUs, time, cost, and the question the other way round: what a card can train."""

from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import (
    OFFLOADS_OF,
    STRATEGY_NAMES,
    Offload,
    Sharding,
    Strategy,
    impossible_reason,
)

__all__ = [
    "OFFLOADS_OF",
    "STRATEGY_NAMES",
    "Offload",
    "ShardedEstimate",
    "Sharding",
    "Strategy",
    "estimate_sharded",
    "impossible_reason",
]

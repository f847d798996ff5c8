"""LoRA on the stacked experts of a mixture, as peft puts it there.

transformers 5 keeps experts as stacked parameters, not as linear modules. peft 0.21 still takes
the names that they had as modules, and "all-linear", to mean them, in the families that it knows
from then (peft/utils/transformers_weight_conversion.py). Dense and shared MLPs of those families
go without: their names have been taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.architecture import Architecture

Part = Literal["gate_up", "down", "router"]
ALL_LINEAR = ("all-linear",)
_NAMES: dict[Part, tuple[frozenset[str], ...]] = {
    "gate_up": (frozenset({"gate_proj", "up_proj"}), frozenset({"w1", "w3"})),
    "down": (frozenset({"down_proj"}), frozenset({"w2"})),
    "router": (frozenset({"gate"}),),
}


@dataclass(frozen=True, slots=True)
class StackedAdapter:
    """One adapter for a stack of matrices, of `rank` for each of them."""

    part: Part
    stack_count: int
    input_size: int
    output_size: int
    rank: int

    @property
    def down_count(self) -> int:
        """Parameters of its A, which leads from the input to the ranks."""
        return self.stack_count * self.rank * self.input_size

    @property
    def up_count(self) -> int:
        """Parameters of its B, which leads from the ranks to the output."""
        return self.stack_count * self.rank * self.output_size


def expert_names(architecture: Architecture) -> frozenset[str]:
    """The target names that mean an architecture's stacked experts and their router."""
    if not architecture.is_moe or not architecture.traits.adapts_experts:
        return frozenset()
    return frozenset().union(*(name for names in _NAMES.values() for name in names))


@lru_cache(maxsize=1024)
def stacked_adapters(
    architecture: Architecture, targets: tuple[str, ...], rank: int, expert_targets: str = "auto"
) -> dict[Part, StackedAdapter]:
    """The adapters of one layer's experts and router.

    By the targets' names ("auto"): none in families that peft does not know, and gate and up,
    which are one stack, have twice the rank. As target_parameters ("per_expert") any family's
    stacks have them, of the rank that is set (peft/tuners/lora/layer.py, ParamWrapper).
    """
    if not rank or not architecture.is_moe or expert_targets == "none":
        return {}
    experts, hidden = architecture.expert_count, architecture.hidden_size
    width = architecture.expert_intermediate_size
    if expert_targets != "auto":
        matrices = 2 if architecture.traits.gated_mlp else 1
        stacks: dict[Part, StackedAdapter] = {
            "gate_up": StackedAdapter("gate_up", experts, hidden, matrices * width, rank),
            "down": StackedAdapter("down", experts, width, hidden, rank),
        }
        if expert_targets == "per_expert_and_router":
            stacks["router"] = StackedAdapter("router", 1, hidden, experts, rank)
        return stacks
    if not architecture.traits.adapts_experts:
        return {}
    possible = (
        StackedAdapter("gate_up", experts, hidden, 2 * width, 2 * rank),
        StackedAdapter("down", experts, width, hidden, rank),
        StackedAdapter("router", 1, hidden, experts, rank),
    )
    return {
        adapter.part: adapter
        for adapter in possible
        # A router that is a linear map has an adapter like others.
        if not (adapter.part == "router" and architecture.traits.router_name)
        and (targets == ALL_LINEAR or _are_meant(adapter.part, targets))
    }


def _are_meant(part: Part, targets: tuple[str, ...]) -> bool:
    return any(names <= frozenset(targets) for names in _NAMES[part])

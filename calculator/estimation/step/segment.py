"""What one part of the model holds while the step runs through it."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.step.shadow import Snapshot


@dataclass(frozen=True, slots=True)
class Segment:
    """What a part of the model holds, beyond what the others hold.

    forward: the moments of its forward pass that may be a peak, its input included.
    kept: what stays from its forward until its backward pass, its input included if saved.
    cached: what stays besides until the loss is computed: autocast's casts of trained weights.
    backward: the moments of its backward pass (and recomputation), from its output's gradient on.
    gradients: what its backward pass leaves: the gradients of its trained parameters.
    held: what of `kept` its backward pass leaves besides.
    """

    forward: tuple[Snapshot, ...]
    kept: Snapshot
    cached: Snapshot
    backward: tuple[Snapshot, ...]
    gradients: Snapshot
    held: Snapshot


def only(snapshot: Snapshot, kind: str) -> Snapshot:
    """The part of a snapshot that is of one kind."""
    return Snapshot({kind: snapshot.by_kind[kind]} if kind in snapshot.by_kind else {})

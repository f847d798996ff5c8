"""Whether the visitor's own cards hold a run, in the same three words everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.setups import runs_on
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster.setups import Setup, best_setup
from calculator.estimation.cluster.sharded import ShardedEstimate
from calculator.estimation.verdict import Verdict
from calculator.question.own_gpu import OwnGpu


@dataclass(frozen=True, slots=True)
class OnOwnGpu:
    """A run on the visitor's cards. Without a setup it cannot be run on them in any way."""

    own: OwnGpu
    setup: Setup | None
    is_supported: bool = True
    """Whether the method runs on the GPU's software."""

    @property
    def verdict(self) -> Verdict | None:
        return None if self.setup is None else self.setup.verdict


def on_own_gpu(
    architecture: Architecture,
    settings: TrainingSettings,
    own: OwnGpu,
    cluster: ShardedEstimate | None = None,
) -> OnOwnGpu:
    """The run on all of the visitor's cards, shared out in the best way.

    cluster: where one is stated, what one GPU of it holds; then that is held to one card.
    """
    if not runs_on(own.gpu, settings.method):
        return OnOwnGpu(own, None, is_supported=False)
    usable = own.gpu.usable_bytes
    if cluster is not None:
        return OnOwnGpu(own, Setup(cluster, usable))
    return OnOwnGpu(own, best_setup(architecture, settings, usable, own.gpu_count))

"""Optimizer steps that are more than one call of one optimizer after the backward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from validation.tracing.case import Case


class StepsInBackward:
    """A step for each parameter as soon as its gradient is there, after which that goes.

    Source: torchtune/training/memory.py, register_optim_in_bwd_hooks.
    """

    def __init__(self, case: Case, parameters: list[nn.Parameter]) -> None:
        from validation.tracing.training_step import build_optimizer

        self.optimizers = {p: build_optimizer(case, [p]) for p in parameters}
        for parameter in parameters:
            parameter.register_post_accumulate_grad_hook(self._step)

    def _step(self, parameter: nn.Parameter) -> None:
        self.optimizers[parameter].step()
        self.optimizers[parameter].zero_grad(set_to_none=True)

    def step(self) -> None:
        """Nothing is left to do."""

    def zero_grad(self, **options: Any) -> None:
        """Nothing is left to do."""


class MuonBesideAdamw:
    """Muon for the layers' matrices, AdamW for the rest, as torch/optim/_muon.py asks for."""

    def __init__(self, case: Case, model: nn.Module) -> None:
        ends = {model.get_input_embeddings().weight, model.get_output_embeddings().weight}
        trained = [p for p in model.parameters() if p.requires_grad]
        matrices = [p for p in trained if p.ndim == 2 and p not in ends]
        kept = set(matrices)
        rest = [p for p in trained if p not in kept]
        self.optimizers: list[torch.optim.Optimizer] = [torch.optim.Muon(matrices, lr=1e-4)]
        if rest:
            self.optimizers.append(torch.optim.AdamW(rest, lr=1e-4, foreach=False, fused=False))

    def step(self) -> None:
        for optimizer in self.optimizers:
            optimizer.step()

    def zero_grad(self, **options: Any) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(**options)

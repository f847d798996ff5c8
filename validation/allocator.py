"""`python -m validation.allocator`: the least card that a traced run fits on.

Records what some steps of Llama 3 8B allocate, on fake tensors, and replays it through PyTorch's
caching allocator: what it holds if it may, and the smallest card that still runs. Once with samples
of one length, once with lengths that vary. Needs validation/requirements.txt; takes ten minutes.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from validation.tracing.allocator import Event, least_card_bytes, replay
from validation.tracing.case import Case
from validation.tracing.fake_tensors import answer_for_fake_tensors, take_the_paths_of_a_gpu
from validation.tracing.live_bytes import LiveBytes
from validation.tracing.model_configs import config_of, model_rows
from validation.tracing.training_step import (
    autocasts,
    build_model,
    build_optimizer,
    compute_dtype,
)

# self-llm's script for Llama 3 (github.com/datawhalechina/self-llm), at 8,192 tokens.
CASE = Case(
    "llama-3-8b",
    method="lora",
    micro_batch=4,
    sequence_length=8192,
    lora_rank=8,
    recipe="pure_bf16",
    adapter_precision="bf16",
    optimizer="adamw_foreach",
)
STEPS_OF_ONE_LENGTH = 3
STEPS_THAT_VARY = 8


class Recorder(LiveBytes):
    """Every allocation and release, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self._numbers: dict[int, int] = {}

    def track(self, tensor: torch.Tensor) -> None:
        key = tensor.untyped_storage()._cdata
        if key in self._storages:
            return
        super().track(tensor)
        self._numbers[key] = len(self.events)
        self.events.append((self._numbers[key], self._sizes[key]))

    def _forget(self, key: int) -> None:
        super()._forget(key)
        self.events.append((self._numbers.pop(key), None))


def record(case: Case, lengths: Sequence[int]) -> list[Event]:
    """The allocations of steps with samples of these lengths."""
    answer_for_fake_tensors()
    take_the_paths_of_a_gpu()
    config, _ = config_of(model_rows()[case.model], case)
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = build_model(case, config)
        recorder = Recorder()
        for tensor in [*model.parameters(), *model.buffers()]:
            recorder.track(tensor)
        optimizer = build_optimizer(case, [p for p in model.parameters() if p.requires_grad])
        with recorder:
            for length in lengths:
                _step(case, model, optimizer, length)
    return recorder.events


def _step(case: Case, model: Any, optimizer: torch.optim.Optimizer, length: int) -> None:
    ids = torch.randint(0, model.config.vocab_size, (case.micro_batch, length))
    context = torch.autocast("cpu", compute_dtype(case)) if autocasts(case) else nullcontext()
    with context:
        loss = model(ids, labels=ids.clone()).loss
    loss.backward()
    del loss
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    gc.collect()


def lengths_that_vary(longest: int) -> list[int]:
    """Lengths below the longest, which comes last."""
    chance = random.Random(1)
    drawn = [int(longest * chance.betavariate(2, 1.5)) for _ in range(STEPS_THAT_VARY)]
    return [*drawn, longest, int(longest * 0.6), longest]


def main() -> None:
    longest = CASE.sequence_length
    for name, lengths in (
        ("one length", [longest] * STEPS_OF_ONE_LENGTH),
        ("lengths vary", lengths_that_vary(longest)),
    ):
        events = record(CASE, lengths)
        free = replay(events)
        allocated, least = free.most_allocated_bytes, least_card_bytes(events)
        print(  # noqa: T201
            f"{name:13} {allocated / 1e9:.2f} GB allocated,"
            f" {free.most_reserved_bytes / 1e9:.2f} held if it may,"
            f" {least / 1e9:.2f} at least ({least / allocated - 1:+.1%})"
        )


if __name__ == "__main__":
    main()

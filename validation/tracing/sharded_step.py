"""Traces one GPU's step under FSDP 2, as accelerate sets it up, on fake tensors.

PyTorch's fake process group answers every collective at once, so one process stands for one of
many GPUs. What FSDP gathers and frees again is storage that is resized, which is counted here.
A CPU has no streams: what would wait on a GPU for a collective that overlaps is freed at the same
place of the program, as PyTorch's allocator sees it there too.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from torch.testing._internal.distributed.fake_pg import FakeStore
from transformers import PreTrainedConfig

from validation.tracing.case import Case
from validation.tracing.fake_tensors import answer_for_fake_tensors
from validation.tracing.live_bytes import BLOCK_BYTES, LiveBytes
from validation.tracing.training_step import build_model, run_steps


class ShardedLiveBytes(LiveBytes):
    """Live bytes of one GPU: of sharded tensors its own part, of resized storages what is left."""

    def track(self, tensor: torch.Tensor) -> None:
        super().track(tensor._local_tensor if isinstance(tensor, DTensor) else tensor)

    def resize(self, storage: torch.UntypedStorage) -> None:
        """Count a storage anew after its size has changed."""
        key = storage._cdata
        size = -(-storage.nbytes() // BLOCK_BYTES) * BLOCK_BYTES
        if key not in self._sizes:
            self._storages[key] = weakref.ref(storage, lambda _, key=key: self._forget(key))
        self.live_bytes += size - self._sizes.get(key, 0)
        self._sizes[key] = size
        self.note()


def trace_sharded(case: Case, config: PreTrainedConfig, gpu_count: int) -> dict[str, int]:
    """The peak of each phase on one of so many GPUs."""
    answer_for_fake_tensors()
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=gpu_count)
    mesh = init_device_mesh("cpu", (gpu_count,))
    live = ShardedLiveBytes()
    try:
        with _resizes_counted(live), FakeTensorMode(allow_non_fake_inputs=True):
            model = build_model(case, config)
            shard_as_accelerate(model, mesh)
            gc.collect()
            for tensor in [*model.parameters(), *model.buffers()]:
                live.track(tensor)
            with live:
                run_steps(case, model, config, "cpu", live.enter)
    finally:
        dist.destroy_process_group()
    return {phase: size for phase, size in live.peak_bytes_of.items() if phase != "setup"}


def shard_as_accelerate(model: nn.Module, mesh: DeviceMesh) -> None:
    """Full shard with bf16 computation (accelerate 1.15, utils/fsdp_utils.py).

    Trained parameters become fp32. Each layer is a unit, and so are an untied embedding and the
    final norm with the head; what is left is the root's.
    """
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.bfloat16)
    common: dict[str, Any] = {"mesh": mesh, "mp_policy": policy}
    base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
    body = base.model
    for layer in body.layers:
        fully_shard(layer, reshard_after_forward=True, **common)
    tail = [body.norm, base.lm_head]
    if base.config.tie_word_embeddings:
        tail.insert(1, body.embed_tokens)
    else:
        fully_shard(body.embed_tokens, reshard_after_forward=True, **common)
    fully_shard(tail, reshard_after_forward=False, **common)
    fully_shard(model, **common)


@contextmanager
def _resizes_counted(live: ShardedLiveBytes) -> Iterator[None]:
    original = torch.UntypedStorage.resize_

    def resize(storage: torch.UntypedStorage, size: int) -> torch.UntypedStorage:
        result = original(storage, size)
        live.resize(storage)
        return result

    torch.UntypedStorage.resize_ = resize  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.UntypedStorage.resize_ = original  # type: ignore[method-assign]

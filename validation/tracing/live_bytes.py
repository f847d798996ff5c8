"""Counts the bytes of the storages that are alive, as each operation of PyTorch ends."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch._prims_common import is_non_overlapping_and_dense_or_false
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# PyTorch's CUDA allocator rounds every block up to this (c10/cuda/CUDACachingAllocator.cpp).
BLOCK_BYTES = 512


class LiveBytes(TorchDispatchMode):
    """The bytes of all distinct storages alive, and the most of them in each phase.

    A storage counts from the first operation that returns a tensor on it until nothing refers to
    it any longer, which a weak reference tells. What an operation allocates and frees inside
    itself is not seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live_bytes = 0
        self.phase = "setup"
        self.peak_bytes_of: dict[str, int] = {}
        self._storages: dict[int, weakref.ref[Any]] = {}
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if _adds_up_gradients(func) and _can_be_added_to(args[0]):
            func = torch.ops.aten.add_.Tensor
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.track(leaf)
        self.note()
        return result

    def track(self, tensor: torch.Tensor) -> None:
        """Count a tensor's storage, if it is not counted yet."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._storages:
            return
        size = -(-storage.nbytes() // BLOCK_BYTES) * BLOCK_BYTES
        self._storages[key] = weakref.ref(storage, lambda _, key=key: self._forget(key))
        self._sizes[key] = size
        self.live_bytes += size

    def note(self) -> None:
        """Compare the bytes alive with the most of the present phase."""
        if self.live_bytes > self.peak_bytes_of.get(self.phase, 0):
            self.peak_bytes_of[self.phase] = self.live_bytes

    def enter(self, phase: str) -> None:
        """What follows belongs to that phase."""
        self.phase = phase
        self.note()

    def _forget(self, key: int) -> None:
        self.live_bytes -= self._sizes.pop(key)
        del self._storages[key]


def _adds_up_gradients(func: Any) -> bool:
    """Whether a gradient arrives where another one waits: no derivative calls this operation."""
    return (
        func is torch.ops.aten.add.Tensor
        and torch._C._current_graph_task_id() != -1
        and not torch.is_grad_enabled()  # it is while a checkpointed layer is recomputed
    )


def _can_be_added_to(gradient: torch.Tensor) -> bool:
    """Whether the engine adds in place, which under a dispatch mode it never does.

    A view's storage has two owners, itself and its base: for it a third tensor is made. Source:
    torch/csrc/autograd/input_buffer.cpp, can_accumulate_inplace.
    """
    return not gradient._is_view() and is_non_overlapping_and_dense_or_false(gradient)

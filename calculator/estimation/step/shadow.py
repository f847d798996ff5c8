"""Tensors without data: what PyTorch's autograd allocates and keeps, counted in bytes.

`decoder_layer.py` states a layer as the operations of its modelling code on these tensors. Each
operation allocates what PyTorch's kernel allocates, saves for the backward pass what its
derivative saves (tools/autograd/derivatives.yaml of PyTorch 2.13), and, in the backward pass,
allocates the gradients and temporaries that the derivative makes. A buffer lives as long as
something refers to it, as in PyTorch, so the memory at every moment follows from the operations
alone; no coefficient is fitted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from calculator.estimation.step.sizes import NOTHING, Size

FP32 = 4

# What a buffer is, for the breakdown.
ACTIVATIONS = "activations"
ACTIVATION_GRADIENTS = "activation_gradients"
WEIGHT_CASTS = "weight_casts"
DEQUANTIZED = "dequantized_weights"
ADAPTED_EXPERTS = "adapted_experts"
GRADIENTS = "gradients"
LOGITS = "logits_and_loss"
DORA_WEIGHTS = "dora_weights"
STEP_TEMPORARIES = "optimizer_temporaries"


class Snapshot:
    """Live bytes of one moment, by kind, and their sum."""

    __slots__ = ("by_kind", "total")

    def __init__(self, by_kind: dict[str, Size]) -> None:
        self.by_kind = by_kind
        total = NOTHING
        for size in by_kind.values():
            total = total.plus(size)
        self.total = total

    def minus(self, other: Snapshot) -> Snapshot:
        """What this holds beyond the other, by kind."""
        return Snapshot(
            {
                kind: size.minus(other.by_kind.get(kind, NOTHING))
                for kind, size in self.by_kind.items()
            }
        )


# A size's six numbers by themselves. A layer allocates and releases some hundred times, and what
# that costs is what the first estimate of a model costs: so sums of live bytes are plain tuples,
# written out where they are made, and become sizes in snapshots.
Numbers = tuple[float, float, float, float, float, float]
_ZERO: Numbers = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Memory:
    """Counts live bytes by kind and keeps the moments that may be a peak."""

    __slots__ = ("grew", "keeps_moments", "live", "noted", "total")

    def __init__(self, *, keeps_moments: bool = True) -> None:
        self.live: dict[str, Numbers] = {}
        # Beside the kinds, so that a moment below another is passed over without its snapshot.
        self.total = _ZERO
        self.grew = False
        self.keeps_moments = keeps_moments
        """Off for who asks about one moment."""
        self.noted: list[tuple[Numbers, dict[str, Numbers]]] = []
        """The moments up to now that no other of them covers: their sum, and by kind."""

    def mark(self) -> None:
        """Note the present moment if memory grew since the last one."""
        if not self.grew:
            return
        self.grew = False
        if not self.keeps_moments:
            return
        a, b, c, d, e, f = total = self.total
        for (k, m, n, p, q, r), _ in self.noted:
            if k >= a and m >= b and n >= c and p >= d and q >= e and r >= f:
                return
        self.noted = [other for other in self.noted if not _covers(total, other[0])]
        self.noted.append((total, self.live.copy()))

    def now(self) -> Snapshot:
        return _snapshot(self.live)

    def take_moments(self) -> tuple[Snapshot, ...]:
        """The moments since the last call that no other of them covers."""
        self.mark()
        moments = tuple(_snapshot(live) for _, live in self.noted)
        self.noted, self.grew = [], False
        return moments


def _snapshot(live: dict[str, Numbers]) -> Snapshot:
    return Snapshot({kind: Size(*numbers) for kind, numbers in live.items()})


def _covers(one: Numbers, other: Numbers) -> bool:
    a, b, c, d, e, f = one
    k, m, n, p, q, r = other
    return a >= k and b >= m and c >= n and d >= p and e >= q and f >= r


class Buffer:
    """One allocation; it is released when the last tensor that uses it goes."""

    __slots__ = ("kind", "memory", "numbers")

    def __init__(self, memory: Memory, kind: str, numbers: Numbers) -> None:
        self.memory, self.kind, self.numbers = memory, kind, numbers
        a, b, c, d, e, f = numbers
        k, m, n, p, q, r = memory.live.get(kind, _ZERO)
        memory.live[kind] = (k + a, m + b, n + c, p + d, q + e, r + f)
        k, m, n, p, q, r = memory.total
        memory.total = (k + a, m + b, n + c, p + d, q + e, r + f)
        memory.grew = True

    def __del__(self) -> None:
        memory, kind = self.memory, self.kind
        if memory.grew:
            memory.mark()
        a, b, c, d, e, f = self.numbers
        k, m, n, p, q, r = memory.live[kind]
        memory.live[kind] = (k - a, m - b, n - c, p - d, q - e, r - f)
        k, m, n, p, q, r = memory.total
        memory.total = (k - a, m - b, n - c, p - d, q - e, r - f)


class Node:
    """One recorded operation: where its gradients come in, and how they go on to its inputs.

    A node without `backward` is a leaf: a trained parameter, or an input that needs a gradient.
    """

    __slots__ = ("backward", "inputs", "is_parameter", "pending")

    def __init__(self, inputs: Sequence[Edge | None], backward: BackwardStep | None) -> None:
        self.inputs, self.backward = inputs, backward
        self.pending: dict[int, Tensor] = {}
        self.is_parameter = False


class Tensor:
    """Elements of one width in a buffer; `edge` leads to the operation that made it."""

    __slots__ = ("buffer", "edge", "elements", "itemsize")

    def __init__(
        self, buffer: Buffer | None, elements: Size, itemsize: int, edge: Edge | None = None
    ) -> None:
        self.buffer, self.elements, self.itemsize, self.edge = buffer, elements, itemsize, edge

    @property
    def requires_grad(self) -> bool:
        return self.edge is not None


Edge = tuple[Node, int]
BackwardStep = Callable[[Sequence[Tensor | None]], Sequence[Tensor | None]]


class Tape:
    """Runs operations forward, records them, and runs them backward.

    `saves` is off while a checkpointed layer runs forward: nothing is kept for the backward pass.
    `step_in_backward_width`: bytes an element of what an optimizer step takes that is made for each
    gradient as it arrives, and after which it goes (torchtune/training/memory.py,
    register_optim_in_bwd_hooks).
    `drops_as_read`: what a checkpointed layer has saved goes when a derivative has read it, not
    when its operation is done (torch/utils/checkpoint.py, unpack_hook).
    """

    def __init__(
        self,
        *,
        accumulates: bool = False,
        step_in_backward_width: float | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self.steps_in_backward = step_in_backward_width is not None
        self.step_width = step_in_backward_width or 0.0
        self.accumulates = accumulates or self.steps_in_backward
        self.nodes: list[Node] = []
        self.leaves: list[Node] = []
        self.saves = True
        self.drops_as_read = False
        self.has_graph = True
        self.kind = ACTIVATIONS
        self.autocast_cache: list[Tensor] = []
        """Casts of trained fp32 weights, which autocast keeps until its context ends."""
        self.before_last_adapter: list[tuple[Numbers, dict[str, Numbers]]] = []
        """The moments until an adapter's B has saved its input, of the last adapter so far."""
        self.held: list[Tensor] = []
        """Attributes of the graph's nodes, which live until the graph goes: after `backward()`."""

    def new(self, elements: Size, itemsize: int, kind: str | None = None) -> Tensor:
        """A fresh allocation of so many elements."""
        a, b, c, d, e, f = elements
        w = itemsize
        numbers = (a * w, b * w, c * w, d * w, e * w, f * w)
        return Tensor(Buffer(self.memory, kind or self.kind, numbers), elements, itemsize)

    def hold(self, x: Tensor) -> None:
        """Keep x as an attribute of the graph's node that takes it, if there is one."""
        if self.has_graph and x.requires_grad:
            self.held.append(x)

    def leaf(self, *, stays: bool = False) -> Edge:
        """An edge at which a gradient is kept: a trained parameter's or an input's.

        With gradient accumulation a parameter's gradient is added to the one of the micro-batches
        before, and goes, unless it `stays`: an input's, or one that waits for another.
        """
        leaf = Node((), None)
        leaf.is_parameter = not stays
        if stays or not self.accumulates:
            self.leaves.append(leaf)
        return (leaf, 0)

    def record(
        self, output: Tensor, inputs: Sequence[Tensor | None], backward: BackwardStep
    ) -> Tensor:
        """The output, with an edge to a new node if any input needs a gradient."""
        edges = [tensor.edge if tensor is not None else None for tensor in inputs]
        if not any(edges):
            return output
        if not self.saves:
            return Tensor(output.buffer, output.elements, output.itemsize, (Node((), None), 0))
        node = Node(edges, backward)
        self.nodes.append(node)
        return Tensor(output.buffer, output.elements, output.itemsize, (node, 0))

    def seed(self, edge: Edge, elements: Size, itemsize: int) -> None:
        """Put the gradient of an output where the backward pass starts."""
        edge[0].pending[edge[1]] = self.new(elements, itemsize, ACTIVATION_GRADIENTS)

    def run_backward(self) -> None:
        """Run the recorded operations backward from the seeded outputs, newest first."""
        while self.nodes:
            node = self.nodes.pop()
            if not node.pending:
                continue
            self._run(node)

    def _run(self, node: Node) -> None:
        pending, node.pending = node.pending, {}
        arrived = [pending.get(index) for index in range(max(pending) + 1)]
        del pending
        assert node.backward is not None
        results = node.backward(arrived)
        edges, node.backward, node.inputs = node.inputs, None, ()
        self.memory.mark()
        del arrived
        for edge, gradient in zip(edges, results, strict=True):
            if edge is not None and gradient is not None:
                self._accumulate(edge, gradient)

    def _accumulate(self, edge: Edge, gradient: Tensor) -> None:
        """Add a gradient to what has arrived at an edge (InputBuffer::accumulate)."""
        node, index = edge
        if node.is_parameter and self.steps_in_backward:
            size = gradient.elements.times(self.step_width)
            self.new(size, 1, STEP_TEMPORARIES)
        present = node.pending.get(index)
        if present is None:
            node.pending[index] = gradient
        # otherwise it is added in place, and takes no more

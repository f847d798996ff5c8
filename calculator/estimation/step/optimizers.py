"""What an optimizer keeps between steps, and what its step takes and gives back."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.settings import Optimizer, Recipe

# bitsandbytes' 8-bit AdamW (arXiv 2110.02861) and torchao's (torchao/optim/subclass_8bit.py): a
# byte a moment, with one fp32 absmax per block of 256.
EIGHT_BIT_MOMENT_BYTES = 1 + 4 / 256
ADAMW_8BIT_BYTES_PER_PARAMETER = 2 * EIGHT_BIT_MOMENT_BYTES
# torchao's 4-bit AdamW (torchao/optim/subclass_4bit.py): blocks of 128.
ADAMW_4BIT_BYTES_PER_PARAMETER = 2 * (0.5 + 4 / 128)
# bitsandbytes' 32-bit AdamW keeps both moments in fp32 (bitsandbytes/optim/optimizer.py,
# Optimizer2State.init_state), its Lion one.
ADAMW_32BIT_BYTES_PER_PARAMETER = 8
LION_BYTES_PER_PARAMETER = 4
FP32, BF16 = 4, 2

_BYTES_PER_PARAMETER: dict[Optimizer, float] = {
    "adamw_8bit": ADAMW_8BIT_BYTES_PER_PARAMETER,
    "adamw_torchao_8bit": ADAMW_8BIT_BYTES_PER_PARAMETER,
    "adamw_torchao_4bit": ADAMW_4BIT_BYTES_PER_PARAMETER,
    "lion": LION_BYTES_PER_PARAMETER,
    "lion_8bit": EIGHT_BIT_MOMENT_BYTES,
}
_PAGED_BYTES_PER_PARAMETER: dict[Optimizer, float] = {
    "paged_adamw": ADAMW_32BIT_BYTES_PER_PARAMETER,
    "paged_adamw_8bit": ADAMW_8BIT_BYTES_PER_PARAMETER,
}
_PROJECTED = ("galore_adamw", "galore_adamw_8bit", "apollo_adamw")


@dataclass(frozen=True, slots=True)
class Matrices:
    """So many trained matrices of one shape."""

    long_side: int
    short_side: int
    count: int

    @property
    def elements(self) -> int:
        """Of one of them."""
        return self.long_side * self.short_side


@dataclass(frozen=True, slots=True)
class Trained:
    """What the optimizer updates: how many parameters, how wide, and the largest tensor.

    saved_count of `count` are of modules trained whole beside adapters, and have their own width.
    """

    count: int
    width: int
    largest_count: int
    factored_count: int
    """Rows plus columns of all matrices: what Adafactor keeps instead of a moment."""
    matrices: tuple[Matrices, ...] = ()
    """Those of the layers' linear maps, or their adapters'."""
    saved_count: int = 0
    saved_width: int = 0
    largest_saved_count: int = 0
    idle_count: int = 0
    """Parameters that could be trained, but get no gradient: an indexer's."""
    pair_count: int = 0
    """The most elements of a tensor twice and the one before it, of two that follow each other."""

    @property
    def bytes(self) -> int:
        return self.count * self.width + self.saved_count * (self.saved_width - self.width)

    @property
    def matrix_count(self) -> int:
        """Parameters in all matrices."""
        return sum(each.elements * each.count for each in self.matrices)

    @property
    def largest_bytes(self) -> int:
        """Of the largest tensor."""
        return max(self.largest_count * self.width, self.largest_saved_count * self.saved_width)


def optimizer_states_bytes(
    trained: Trained, optimizer: Optimizer, recipe: Recipe, projection_rank: int = 128
) -> int:
    """Bytes that the optimizer keeps between steps.

    AdamW's two moments have the parameters' width (torch.optim.AdamW, zeros_like). A paged
    optimizer's states lie in CUDA managed memory, which no PyTorch counter shows and which is
    moved to the host under pressure: 0 here, counted in the device bytes' upper end. Adafactor
    keeps a row and a column per matrix, SGD without momentum nothing. GaLore and APOLLO keep the
    moments of a projected gradient, rank × the long side, and the projection, rank × the short
    one, in the gradient's width (galore_torch/galore_projector.py, adamw.py; apollo_torch/
    random_projector.py, apollo.py); Muon one momentum (torch/optim/_muon.py). What is no matrix of
    a linear map has AdamW's moments in either.
    """
    master = 4 * trained.count if recipe == "bf16_fp32_master" else 0
    width = FP32 if master else trained.width
    moment = FP32 * trained.count if master else trained.bytes
    if optimizer in ("adamw", "adamw_foreach"):
        return master + 2 * moment
    if optimizer in _BYTES_PER_PARAMETER:
        return master + round(_BYTES_PER_PARAMETER[optimizer] * trained.count)
    if optimizer == "adafactor":
        return master + 4 * trained.factored_count
    rest = 2 * (moment - width * trained.matrix_count)
    if optimizer == "muon":
        return master + width * trained.matrix_count + rest
    if optimizer in _PROJECTED:
        moments = projections = 0
        for each in trained.matrices:
            rank = min(projection_rank, each.short_side)
            moments += 2 * rank * each.long_side * each.count
            projections += rank * each.short_side * each.count
        if optimizer == "galore_adamw_8bit":
            others = trained.count - trained.matrix_count
            held = EIGHT_BIT_MOMENT_BYTES * (moments + 2 * others)
            return master + round(held) + width * projections
        return master + width * (moments + projections) + rest
    return master


def paged_states_bytes(trained: Trained, optimizer: Optimizer) -> int:
    """Bytes of optimizer states in managed memory, resident only while there is room."""
    return round(_PAGED_BYTES_PER_PARAMETER.get(optimizer, 0) * trained.count)


def step_temporaries_bytes(trained: Trained, optimizer: Optimizer, recipe: Recipe) -> int:
    """Bytes that the optimizer step takes and gives back.

    PyTorch's per-tensor AdamW (torch/optim/adam.py, _single_tensor_adam) makes the root of a
    tensor's second moment and its quotient by the bias correction: two more of the largest
    tensor's size; and the quotient of the tensor before is there until the next one takes its
    name, which is more where two large ones follow each other. The fused one makes neither, and
    takes at most these less. The for-each
    AdamW makes the root of all second moments at once (torch/optim/adamw.py,
    _multi_tensor_adamw: exp_avg_sq_sqrt): one more tensor of the moments' size. The fused one,
    bitsandbytes' and torchao's, which is compiled to one kernel a tensor, need none.
    transformers' Adafactor works tensor by tensor in fp32 (optimization.py, Adafactor.step): the
    squared gradient and the update of the largest one, and for 16-bit parameters its gradient and
    weight in fp32 as well.
    """
    master = recipe == "bf16_fp32_master"
    width = FP32 if master else trained.width
    largest = FP32 * trained.largest_count if master else trained.largest_bytes
    if optimizer == "adamw":
        return max(2 * largest, width * trained.pair_count)
    if optimizer == "adamw_foreach":
        return FP32 * trained.count if master else trained.bytes
    if optimizer == "adafactor":
        in_fp32 = trained.width == 4 or master
        return (2 if in_fp32 else 4) * 4 * trained.largest_count
    if optimizer == "muon":
        return max([2 * largest, *(_muon_takes(each, width) for each in trained.matrices)])
    if optimizer == "apollo_adamw":
        scaled = (width * each.elements for each in trained.matrices)
        return max([2 * largest, *scaled])
    if optimizer in _PROJECTED:
        return max([2 * largest, *(_svd_takes(each) for each in trained.matrices)])
    return 0


def _muon_takes(matrix: Matrices, width: int) -> int:
    """Muon's update, and in bf16 its iterate, the next one, and two products of its short side.

    Source: torch/optim/_muon.py, _single_tensor_muon and _zeropower_via_newtonschulz.
    """
    square = BF16 * matrix.short_side**2
    return (width + 2 * BF16) * matrix.elements + 2 * square


def _svd_takes(matrix: Matrices) -> int:
    """The gradient in fp32 with the factors of its decomposition, when a projection is renewed.

    Source: galore_torch/galore_projector.py, get_orthogonal_matrix (torch.linalg.svd).
    """
    factors = matrix.elements + matrix.short_side**2
    return FP32 * (matrix.elements + factors)


def step_width(width: int, optimizer: Optimizer, recipe: Recipe) -> float:
    """Bytes an element that the step of one tensor takes and gives back."""
    one = Trained(1, width, 1, 1)
    return float(step_temporaries_bytes(one, optimizer, recipe))

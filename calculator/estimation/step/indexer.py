"""The indexer of sparse attention: which tokens each token attends to (DeepSeek-V3.2, GLM-5).

transformers scores all pairs of tokens, without gradients, and makes a mask of the chosen ones
(modeling_deepseek_v32.py, DeepseekV32Indexer.forward, 5.23): attention itself is not sparse.
"""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import indexer_modules
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import cast, concatenate, matmul, scale, split
from calculator.estimation.step.rotary import rotate_whole
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token


def chosen_tokens(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor, low: Tensor
) -> Tensor:
    """A mask of one byte for each pair; low: the queries' low-rank states.

    With one sequence: with more, PyTorch's matmul copies the keys for each of their tokens.
    """
    saves, tape.saves = tape.saves, False
    every = Size(pair=1.0)
    pairs = Size(pair=float(architecture.index_head_count))
    scores = _scores(tape, architecture, numerics, _plain(hidden), _plain(low), pairs)
    weights = apply_linear(tape, numerics, _plain(hidden), indexer_modules(architecture)[2])
    weights = scale(tape, cast(tape, weights, FP32))
    width = numerics.compute_width if numerics.autocast else FP32
    summed = matmul(tape, cast(tape, weights, width), cast(tape, scores, width), every)
    summed = scale(tape, summed)
    del scores
    order = [tape.new(every, 8), tape.new(every, width)]
    del order, summed
    index = [tape.new(every, 1) for _ in range(2)]
    mask = tape.new(every, 1)
    del index
    tape.saves = saves
    return mask


def _plain(x: Tensor) -> Tensor:
    return Tensor(x.buffer, x.elements, x.itemsize)


def _scores(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    hidden: Tensor,
    low: Tensor,
    pairs: Size,
) -> Tensor:
    heads, head_dim = architecture.index_head_count, architecture.index_head_dim
    rope = architecture.qk_rope_head_dim
    to_queries, to_keys, _ = indexer_modules(architecture)
    # The function holds its tensors until the scores are there.
    query = apply_linear(tape, numerics, low, to_queries)
    key = apply_linear(tape, numerics, hidden, to_keys)
    key = apply_norm(tape, numerics, key, "layer", head_dim, per_token(1))
    rotated = []
    for x, count in ((query, heads), (key, 1)):
        turned, kept = split(
            tape, x, [per_token(count * rope), per_token(count * (head_dim - rope))]
        )
        turned = rotate_whole(tape, numerics, turned)
        rotated.append(concatenate(tape, [turned, kept], x.elements))
    width = numerics.compute_width if numerics.autocast else FP32
    wide, narrow = (cast(tape, cast(tape, x, FP32), width) for x in rotated)
    scores = matmul(tape, wide, narrow, pairs)
    del wide, narrow
    scores = scale(tape, scores)
    rectified = scale(tape, scores)
    del query, key, rotated
    return rectified

"""An evaluation batch: a forward pass without a graph, its loss, and the logits that are gathered.

It runs between steps, when weights and optimizer states are there and gradients are not
(transformers/trainer.py, evaluation_loop). Layers keep nothing. Whatever the loss of training is,
logits are whole: Liger skips them in training alone (liger_kernel/transformers/model/llama.py,
`skip_logits`). Where metrics need them, the trainer gathers them in fp32, to which accelerate
converts what a model under mixed precision gives (accelerate/utils/operations.py,
convert_to_fp32), and those of the batch before are on the GPU until they are moved to the host
(`eval_accumulation_steps`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import numerics_of
from calculator.estimation.step.scores import makes_mask
from calculator.estimation.step.shadow import LOGITS
from calculator.estimation.step.timeline import evaluation_moments

FP32 = 4


@lru_cache(maxsize=2048)
def evaluation_parts(architecture: Architecture, settings: TrainingSettings) -> dict[str, int]:
    """Bytes by component at the most of an evaluation batch, without what is always resident."""
    settings = replace(
        settings,
        micro_batch=settings.eval_micro_batch,
        gradient_checkpointing=True,
        activation_offload="none",
        loss="fused" if settings.loss == "fused" else "standard",
        lora_dropout=0.0,
    )
    numerics = numerics_of(settings)
    tokens, length = settings.token_count, settings.row_length
    moments = evaluation_moments(architecture, numerics, makes_mask(architecture, settings))
    most = max(moments, key=lambda moment: moment.total.at(tokens, length))
    best = {name: round(size.at(tokens, length)) for name, size in most.parts}
    if settings.eval_keeps_logits:
        logits = FP32 * tokens * architecture.vocab_size
        best[LOGITS] = best.get(LOGITS, 0) + logits
    return best

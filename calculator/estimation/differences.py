"""Ways in which a run may have differed from what its settings say: other values of one setting.

A difference is a setting's other value with what it means in words, and how somebody sees or
changes it. They stand in the order in which people find them to be the cause: what a library
turns on or off by itself first, what somebody has to have typed last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calculator.estimation.settings import (
    ALL_LINEAR,
    CHOICES,
    TrainingSettings,
)

# transformers/training_args.py: per_device_eval_batch_size
EVALUATION_BATCH = 8
ATTENTION_TARGETS = ("q_proj", "v_proj")
UP, DOWN = True, False


@dataclass(frozen=True, slots=True)
class Difference:
    """Another value of one setting, in words that say what the run did.

    value is a function of the present value where it depends on it; words may name both, as
    {old} and {new}. check says where it is seen or changed. raises says which way the figure can
    move, so that the other way is not computed; None: either. together holds what has to change
    with it.
    """

    setting: str
    value: Any
    words: str
    check: str
    raises: bool | None = None
    applies: Callable[[TrainingSettings], bool] = lambda now: True
    together: Mapping[str, Any] = field(default_factory=dict)
    of_experts: bool = False

    def value_from(self, settings: TrainingSettings) -> Any:
        old = getattr(settings, self.setting)
        return self.value(old) if callable(self.value) else self.value


def _adapters(now: TrainingSettings) -> bool:
    return now.trains_adapters


def _quantized(now: TrainingSettings) -> bool:
    return now.method == "qlora"


def _is_lora(now: TrainingSettings) -> bool:
    return now.method == "lora"


def _evaluates_nothing(now: TrainingSettings) -> bool:
    return not now.eval_micro_batch


def _whole_loss(now: TrainingSettings) -> bool:
    return now.loss != "chunked"


def _times(factor: int) -> Callable[[int], int]:
    return lambda now: now * factor


def _over(divisor: int) -> Callable[[int], int]:
    return lambda now: now // divisor


_CHECKPOINTING = (
    "Look for gradient_checkpointing in the trainer’s arguments, and print"
    " model.is_gradient_checkpointing after the trainer was made."
)
_ATTENTION = (
    "Print model.config._attn_implementation; attn_implementation in from_pretrained() sets it."
)
_LOSS = "Look whether Liger or your trainer’s own loss was on (use_liger_kernel, chunked loss)."
_VERSION = "Print transformers.__version__."
_LOADED = (
    "Print model.get_memory_footprint() right after loading, and the dtype of a linear layer."
)
_OPTIMIZER = "Print type(trainer.optimizer); optim in the trainer’s arguments sets it."
_RECIPE = (
    "Look at bf16 and fp16 of the trainer’s arguments, and at the dtype the model was loaded in."
)
_BATCH = (
    "Look at per_device_train_batch_size, and whether anything finds the batch size by itself."
)
_LENGTH = "Print the shape of input_ids of a few batches; the longest decides."
_EVALUATION = "Look at eval_strategy and per_device_eval_batch_size, which is 8 if nobody sets it."
_EXPERTS = "Print the dtype of an expert’s weight after preparing the model."
_TARGETS = "Print model.print_trainable_parameters(), and compare with the count on the card."

_VERSIONS = {"4.46": "4.46 to 4.49", "4.45": "4.45 or before", "4.50": "4.50 or later"}
_OPTIMIZER_WORDS = {
    "adamw_foreach": "AdamW stepped for-each, as PyTorch’s default does",
    "adamw": "AdamW was the fused one",
    "adamw_8bit": "the optimizer was 8-bit AdamW",
    "paged_adamw_8bit": "the optimizer was paged 8-bit AdamW",
    "adafactor": "the optimizer was Adafactor",
    "sgd": "the optimizer was SGD",
    "lion": "the optimizer was Lion",
}
_RECIPE_WORDS = {
    "fp32": "weights and products were in fp32, without autocast",
    "pure_bf16": "all was held in bf16, without autocast",
    "bf16_autocast": "it ran under bf16 autocast",
    "bf16_fp32_master": "bf16 weights had an fp32 master copy in the optimizer",
}
_EXPERTS_WORDS = {
    "widened": "the experts were widened to fp32, as transformers 5 with k-bit preparation does",
    "16bit": "the experts stayed in 16 bits, as 4-bit loading of transformers 5 leaves them",
    "quantized": "the experts were quantised",
    "quantized_kept": "quantised experts stayed dequantised for the whole layer (Axolotl)",
    "linear": "each expert had linear maps of its own (transformers 4)",
}
_QUANTIZATION_WORDS = {
    "int8": "the base was loaded in 8 bits",
    "nf4": "the quantisation constants were not quantised again (no double quantisation)",
    "nf4_double": "the quantisation constants were quantised too (double quantisation)",
}
assert set(_OPTIMIZER_WORDS) <= set(CHOICES["optimizer"])
assert set(_RECIPE_WORDS) <= set(CHOICES["recipe"])
assert set(_EXPERTS_WORDS) == set(CHOICES["experts"])

_NEW_BATCH = "the micro-batch was {new:,}, not {old:,}"
_LONGER = "sequences had {new:,} tokens, not {old:,}"
_SHORTER = "no sequence had more than {new:,} tokens"
_RANK = "the rank was {new:,}, not {old:,}"
_EVALUATED = "an evaluation ran, {new} sequences at a time"
_KBIT = "Look for prepare_model_for_kbit_training(), or what your trainer does in its place."

DIFFERENCES = (
    Difference(
        "gradient_checkpointing", False, "gradient checkpointing was off", _CHECKPOINTING, UP
    ),
    Difference(
        "gradient_checkpointing", True, "gradient checkpointing was on", _CHECKPOINTING, DOWN
    ),
    Difference("attention", "eager", "attention was eager", _ATTENTION, UP),
    Difference("attention", "sdpa", "attention was SDPA", _ATTENTION),
    Difference(
        "attention", "flash_attention_2", "attention was FlashAttention 2", _ATTENTION, DOWN
    ),
    *(
        Difference("experts", value, words, _EXPERTS, None, _quantized, of_experts=True)
        for value, words in _EXPERTS_WORDS.items()
    ),
    Difference("method", "lora", "the base was not quantised (LoRA)", _LOADED, None, _quantized),
    Difference("method", "qlora", "the base was quantised (QLoRA)", _LOADED, None, _is_lora),
    Difference("loss", "standard", "the loss was transformers’ own", _LOSS, UP),
    Difference("loss", "fused", "the cross-entropy was fused", _LOSS),
    Difference(
        "loss",
        "chunked",
        "the loss was computed in chunks (Liger)",
        _LOSS,
        DOWN,
        together={"keeps_logits": False},
    ),
    *(
        Difference(
            "loss_version",
            value,
            f"the version of transformers was {words}",
            _VERSION,
            None,
            _whole_loss,
        )
        for value, words in _VERSIONS.items()
    ),
    Difference(
        "keeps_logits",
        True,
        "the model’s outputs were held until the backward pass was done",
        "Look for a loop that keeps outputs, or for metrics over logits while training.",
        UP,
        _whole_loss,
    ),
    Difference(
        "keeps_logits",
        False,
        "the model’s outputs were gone before the backward pass",
        "Look where the loop lets go of outputs.",
        DOWN,
    ),
    *(Difference("recipe", value, words, _RECIPE) for value, words in _RECIPE_WORDS.items()),
    *(
        Difference("optimizer", value, words, _OPTIMIZER)
        for value, words in _OPTIMIZER_WORDS.items()
    ),
    Difference(
        "prepare_kbit",
        False,
        "the model was not prepared for k-bit training",
        _KBIT,
        None,
        _quantized,
    ),
    Difference(
        "prepare_kbit",
        True,
        "the model was prepared for k-bit training: embeddings, head and norms in fp32",
        _KBIT,
        None,
        _quantized,
    ),
    Difference("adapter_precision", "bf16", "adapters were in bf16", _TARGETS, None, _adapters),
    Difference("adapter_precision", "fp32", "adapters were in fp32", _TARGETS, None, _adapters),
    *(
        Difference("quantization", value, words, _LOADED, None, _quantized)
        for value, words in _QUANTIZATION_WORDS.items()
    ),
    Difference("kernels", "standard", "norms and SwiGLU ran without fused kernels", _LOSS, UP),
    Difference("kernels", "fused", "norms and SwiGLU ran as fused kernels", _LOSS, DOWN),
    Difference("micro_batch", _times(2), _NEW_BATCH, _BATCH, UP),
    Difference("micro_batch", _times(4), _NEW_BATCH, _BATCH, UP),
    Difference("micro_batch", _times(8), _NEW_BATCH, _BATCH, UP),
    Difference("micro_batch", _over(2), _NEW_BATCH, _BATCH, DOWN),
    Difference("sequence_length", _times(2), _LONGER, _LENGTH, UP),
    Difference("sequence_length", _times(4), _LONGER, _LENGTH, UP),
    Difference("sequence_length", _over(2), _SHORTER, _LENGTH, DOWN),
    Difference("sequence_length", _over(4), _SHORTER, _LENGTH, DOWN),
    Difference(
        "eval_micro_batch", EVALUATION_BATCH, _EVALUATED, _EVALUATION, UP, _evaluates_nothing
    ),
    Difference(
        "eval_micro_batch",
        EVALUATION_BATCH,
        f"{_EVALUATED}, and gathered the logits for metrics",
        _EVALUATION,
        UP,
        _evaluates_nothing,
        {"eval_keeps_logits": True},
    ),
    Difference(
        "lora_targets", ALL_LINEAR, "adapters were on all linear layers", _TARGETS, UP, _adapters
    ),
    Difference(
        "lora_targets",
        ATTENTION_TARGETS,
        "adapters were on q_proj and v_proj alone",
        _TARGETS,
        None,
        _adapters,
    ),
    Difference("lora_rank", _times(4), _RANK, _TARGETS, UP, _adapters),
    Difference("lora_rank", _over(2), _RANK, _TARGETS, DOWN, _adapters),
    Difference(
        "lora_dropout",
        0.05,
        "LoRA dropout was on",
        "Look at lora_dropout of the LoRA configuration; some examples set 0.05.",
        UP,
        lambda now: now.trains_adapters and not now.lora_dropout,
    ),
    Difference(
        "modules_to_save",
        "embeddings_and_head",
        "embeddings and head were trained whole",
        "Look at modules_to_save of the LoRA configuration; added tokens often set it.",
        UP,
        _adapters,
    ),
    Difference(
        "expert_targets",
        "none",
        "no expert had an adapter",
        _TARGETS,
        DOWN,
        _adapters,
        of_experts=True,
    ),
    Difference(
        "expert_targets",
        "per_expert",
        "each expert had an adapter",
        _TARGETS,
        None,
        _adapters,
        of_experts=True,
    ),
    Difference(
        "padding_free",
        True,
        "sequences were packed without padding, into one row",
        "Look for packing and padding_free in the trainer’s arguments.",
    ),
    Difference(
        "activation_offload",
        "checkpoints",
        "checkpoints were offloaded to the host",
        'Unsloth does it with use_gradient_checkpointing="unsloth".',
        DOWN,
        lambda now: now.gradient_checkpointing,
    ),
    Difference(
        "gradient_accumulation",
        4,
        "gradients were accumulated over several micro-batches",
        "Look at gradient_accumulation_steps.",
        UP,
        lambda now: now.gradient_accumulation == 1,
    ),
)

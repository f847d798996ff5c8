"""What a fine-tuning run is set to: the names and values of the API, checked.

Every optional setting has the value of a plain `transformers` run as its default. Bounds are
stated in the message of the error that they raise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, Literal, TypeGuard, get_args

from calculator.estimation.errors import FieldError, SettingsError

Method = Literal["full", "lora", "qlora"]
Attention = Literal["sdpa", "eager"]
Loss = Literal["standard", "fused", "chunked"]
LossVersion = Literal["4.50", "4.46", "4.45"]
Kernels = Literal["standard", "fused"]
Recipe = Literal["pure_bf16", "bf16_autocast", "bf16_fp32_master", "fp16_autocast", "fp32"]
Optimizer = Literal[
    "adamw", "adamw_foreach", "adamw_8bit", "paged_adamw_8bit", "adafactor", "lion", "sgd"
]
Quantization = Literal["nf4", "nf4_double", "int8"]
AdapterPrecision = Literal["fp32", "bf16"]
Trainer = Literal["", "trl", "unsloth", "axolotl", "llama-factory", "torchtune"]

CHOICES: dict[str, tuple[str, ...]] = {
    "method": get_args(Method),
    "attention": get_args(Attention),
    "loss": get_args(Loss),
    "loss_version": get_args(LossVersion),
    "kernels": get_args(Kernels),
    "recipe": get_args(Recipe),
    "optimizer": get_args(Optimizer),
    "adapter_precision": get_args(AdapterPrecision),
    "quantization": get_args(Quantization),
    "trainer": get_args(Trainer),
}
MAXIMUM_OF_FIELD: dict[str, int] = {
    "micro_batch": 4_096,
    "sequence_length": 10_485_760,
    "gradient_accumulation": 65_536,
    "lora_rank": 8_192,
}
MAXIMUM_TARGETS = 64
ALL_LINEAR = "all-linear"


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a model is fine-tuned.

    recipe "bf16_autocast" (the default) is what the API's contract says: fp32 weights under bf16
    autocast for full fine-tuning; a bf16, or for QLoRA 4-bit, base with fp32 adapters under bf16
    autocast for LoRA and QLoRA. "pure_bf16" holds weights, gradients and optimizer states in
    bf16 and uses no autocast. "bf16_fp32_master" trains bf16 weights with bf16 gradients and
    keeps an fp32 copy of the weights and fp32 moments in the optimizer. "fp16_autocast" is
    "bf16_autocast" with fp16; "fp32" computes and keeps everything in fp32.
    optimizer "adamw" is PyTorch's fused (or per-tensor) AdamW, "adamw_foreach" its default
    for-each one, which needs temporaries.
    lora_targets is "all-linear" or module names such as ("q_proj", "v_proj").
    keeps_logits: the training loop holds the model's outputs, and with them the 16-bit logits,
    until the backward pass is done, as hand-written loops and metrics over logits do.
    loss_version is the version of transformers whose loss it is: "4.50" or later; "4.46" to 4.49,
    where a standard or fused loss takes a copy of the fp32 logits, shifted by a token, beside the
    16-bit ones; "4.45" or before, where the 16-bit ones are gone by then.
    trainer records whose defaults were taken; it changes no figure by itself.

    Raises:
        SettingsError: a value is not one of its choices or outside its bounds.
    """

    method: Method = "full"
    micro_batch: int = 1
    sequence_length: int = 2048
    gradient_checkpointing: bool = True
    attention: Attention = "sdpa"
    loss: Loss = "standard"
    kernels: Kernels = "standard"
    recipe: Recipe = "bf16_autocast"
    optimizer: Optimizer = "adamw"
    gradient_accumulation: int = 1
    lora_rank: int = 16
    lora_targets: str | tuple[str, ...] = ALL_LINEAR
    lora_dropout: float = 0.0
    adapter_precision: AdapterPrecision = "fp32"
    quantization: Quantization = "nf4_double"
    prepare_kbit: bool = True
    keeps_logits: bool = False
    loss_version: LossVersion = "4.50"
    trainer: Trainer = ""

    def __post_init__(self) -> None:
        errors = [
            error
            for item in fields(self)
            if (error := _error_of(item.name, getattr(self, item.name))) is not None
        ]
        if errors:
            raise SettingsError(errors)

    @property
    def token_count(self) -> int:
        """Tokens of one micro-batch."""
        return self.micro_batch * self.sequence_length

    @property
    def trains_adapters(self) -> bool:
        return self.method != "full"


def _is_targets(value: object) -> TypeGuard[str | tuple[str, ...]]:
    if value == ALL_LINEAR:
        return True
    return (
        isinstance(value, tuple)
        and 1 <= len(value) <= MAXIMUM_TARGETS
        and all(isinstance(name, str) and is_module_name(name) for name in value)
        and len(set(value)) == len(value)
    )


def is_module_name(text: str) -> bool:
    """Whether the text can be a module's name, such as q_proj: ASCII word characters and dots."""
    return 1 <= len(text) <= 64 and text.isascii() and text.replace(".", "_").isidentifier()


def _error_of(name: str, value: object) -> FieldError | None:
    if name in CHOICES:
        if isinstance(value, str) and value in CHOICES[name]:
            return None
        listed = ", ".join(choice for choice in CHOICES[name] if choice)
        return FieldError(name, f"must be one of {listed}.")
    if name in MAXIMUM_OF_FIELD:
        maximum = MAXIMUM_OF_FIELD[name]
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= maximum:
            return None
        return FieldError(name, f"must be a whole number between 1 and {maximum:,}.")
    if name == "lora_targets":
        if _is_targets(value):
            return None
        return FieldError(
            name,
            f"must be “{ALL_LINEAR}” or 1 to {MAXIMUM_TARGETS} different module names,"
            " such as q_proj.",
        )
    if name == "lora_dropout":
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and isfinite(value)
            and 0 <= value < 1
        ):
            return None
        return FieldError(name, "must be a number from 0 up to, but not, 1.")
    if isinstance(value, bool):
        return None
    return FieldError(name, "must be true or false.")


def settings_from_mapping(
    values: Mapping[str, Any], *, method: object = None, trainer_defaults: bool = True
) -> TrainingSettings:
    """Settings from a JSON object's values: unknown names and wrong types are errors.

    A trainer's defaults (`trainers.py`) come first where `trainer` is given, and what is stated
    overrides them.

    Raises:
        SettingsError: with every error found.
    """
    from calculator.estimation.trainers import TRAINERS

    names = {item.name for item in fields(TrainingSettings)}
    errors = [
        FieldError(str(name)[:40], "is not a setting.") for name in values if name not in names
    ]
    known: dict[str, Any] = {name: value for name, value in values.items() if name in names}
    if method is not None:
        known["method"] = method
    targets = known.get("lora_targets")
    if isinstance(targets, list):
        known["lora_targets"] = tuple(targets) if len(targets) <= MAXIMUM_TARGETS + 1 else ()
    for name, value in known.items():
        try:
            error = _error_of(name, value)
        except TypeError:  # an unhashable target
            error = FieldError(name, "must hold module names only.")
        if error:
            errors.append(error)
    if errors:
        raise SettingsError(errors)
    preset = TRAINERS.get(known.get("trainer", ""))
    if trainer_defaults and preset is not None:
        known = {**preset.values_for(known.get("method", "full")), **known}
    return TrainingSettings(**known)


def changed_fields(settings: TrainingSettings, base: TrainingSettings) -> Iterable[str]:
    """Names of the settings in which the two differ, in the order of the fields."""
    for item in fields(TrainingSettings):
        if getattr(settings, item.name) != getattr(base, item.name):
            yield item.name

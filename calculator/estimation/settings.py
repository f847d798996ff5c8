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
from calculator.estimation.spellings import understood

Method = Literal["full", "lora", "qlora"]
Attention = Literal["sdpa", "eager", "flash_attention_2", "flex_attention"]
Loss = Literal["standard", "fused", "chunked"]
LossVersion = Literal["4.50", "4.46", "4.45"]
BitsandbytesVersion = Literal["0.43.2", "0.43", "0.42"]
Kernels = Literal["standard", "fused"]
Recipe = Literal["pure_bf16", "bf16_autocast", "bf16_fp32_master", "fp16_autocast", "fp32"]
Optimizer = Literal[
    "adamw",
    "adamw_foreach",
    "adamw_8bit",
    "paged_adamw_8bit",
    "adafactor",
    "lion",
    "sgd",
    "paged_adamw",
    "adamw_torchao_8bit",
    "adamw_torchao_4bit",
    "lion_8bit",
    "galore_adamw",
    "galore_adamw_8bit",
    "apollo_adamw",
    "muon",
]
Quantization = Literal["nf4", "nf4_double", "int8", "awq", "gptq", "fp8", "mxfp4"]
Experts = Literal["quantized", "quantized_kept", "linear", "16bit", "widened"]
ExpertTargets = Literal["auto", "none", "per_expert", "per_expert_and_router"]
ExpertLora = Literal["folded", "split"]
ActivationOffload = Literal["none", "checkpoints", "saved_tensors"]
ModulesToSave = Literal["none", "embeddings", "head", "embeddings_and_head"]
AdapterPrecision = Literal["fp32", "bf16"]
Trainer = Literal["", "trl", "unsloth", "axolotl", "llama-factory", "torchtune"]

CHOICES: dict[str, tuple[str, ...]] = {
    "method": get_args(Method),
    "attention": get_args(Attention),
    "loss": get_args(Loss),
    "loss_version": get_args(LossVersion),
    "bitsandbytes_version": get_args(BitsandbytesVersion),
    "kernels": get_args(Kernels),
    "recipe": get_args(Recipe),
    "optimizer": get_args(Optimizer),
    "adapter_precision": get_args(AdapterPrecision),
    "quantization": get_args(Quantization),
    "experts": get_args(Experts),
    "expert_targets": get_args(ExpertTargets),
    "expert_lora": get_args(ExpertLora),
    "activation_offload": get_args(ActivationOffload),
    "modules_to_save": get_args(ModulesToSave),
    "trainer": get_args(Trainer),
}
MAXIMUM_OF_FIELD: dict[str, int] = {
    "micro_batch": 4_096,
    "sequence_length": 10_485_760,
    "gradient_accumulation": 65_536,
    "lora_rank": 8_192,
    "projection_rank": 8_192,
    "eval_micro_batch": 4_096,
}
# 0 means: without.
MINIMUM_OF_FIELD: dict[str, int] = {"eval_micro_batch": 0}
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
    bitsandbytes_version is the version of the library whose 4-bit products these are: "0.43.2" or
    later; "0.43" for 0.43.0 and 0.43.1, which keep each product's input as long as the graph;
    "0.42" or before, which also dequantise to fp16 whatever the compute width.
    casts_ends_back: after k-bit preparation embedding and head are cast back to 16 bits, and norms
    stay fp32 (TRL from 0.7.5 to 0.21, trainer/utils.py, peft_module_casting_to_bf16).
    reentrant_checkpoints: checkpointed layers make no graph in the forward pass, as by default
    before transformers 5; what a graph's nodes hold goes with each layer then.
    experts says how QLoRA holds the experts of a mixture, which transformers 5 stacks: "quantized"
    like linear maps, one stack dequantised at a time (Unsloth); "quantized_kept", dequantised
    stacks staying until the layer is done (Axolotl); "linear", each expert's maps modules of
    their own (transformers 4, linearised models); "16bit"; "widened" to fp32 by peft's k-bit
    preparation, as in plain transformers 5, where there is one.
    expert_targets: "auto" is what lora_targets mean to peft, "none" no adapter on any expert
    that they do not name with its path; "per_expert" adapts the stacks whatever the targets (target_parameters).
    expert_lora: peft folds the stacks' adapters in, Unsloth computes them beside ("split").
    activation_offload: "checkpoints" holds the checkpointed layers' inputs on the host (Unsloth),
    "saved_tensors" all that the layers save (torchtune, TRL).
    optimizer_in_backward: a gradient's step is taken, and it goes, as soon as it is there; with
    gradient_accumulation it cannot, and is not.
    padding_free: the micro-batch is one sequence, its boundaries given by position ids.
    projection_rank: of GaLore and APOLLO. modules_to_save: trained whole beside the adapters.
    eval_micro_batch: sequences of an evaluation batch, 0 for no evaluation; eval_keeps_logits:
    its logits are gathered, in fp32, for metrics.
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
    bitsandbytes_version: BitsandbytesVersion = "0.43.2"
    casts_ends_back: bool = False
    reentrant_checkpoints: bool = False
    trainer: Trainer = ""
    experts: Experts = "quantized"
    expert_targets: ExpertTargets = "auto"
    expert_lora: ExpertLora = "folded"
    activation_offload: ActivationOffload = "none"
    optimizer_in_backward: bool = False
    padding_free: bool = False
    projection_rank: int = 128
    use_dora: bool = False
    modules_to_save: ModulesToSave = "none"
    eval_micro_batch: int = 0
    eval_keeps_logits: bool = False

    def __post_init__(self) -> None:
        errors = [
            error for name in _NAMES if (error := _error_of(name, getattr(self, name))) is not None
        ]
        if errors:
            raise SettingsError(errors)

    def changed(self, **changes: Any) -> TrainingSettings:
        """`dataclasses.replace`, which checks anew what has not changed as well.

        Raises:
            SettingsError: a change is not one of its choices or outside its bounds.
        """
        errors = [error for name in changes if (error := _error_of(name, changes[name]))]
        if errors:
            raise SettingsError(errors)
        made = object.__new__(TrainingSettings)
        for name in _NAMES:
            object.__setattr__(
                made, name, changes[name] if name in changes else getattr(self, name)
            )
        return made

    @property
    def token_count(self) -> int:
        """Tokens of one micro-batch."""
        return self.micro_batch * self.sequence_length

    @property
    def row_length(self) -> int:
        """Tokens of one row of the batch: padding-free, all of them are one row."""
        return self.token_count if self.padding_free else self.sequence_length

    @property
    def steps_in_backward(self) -> bool:
        """Whether the optimizer steps in the backward pass: accumulated gradients have to stay."""
        return self.optimizer_in_backward and self.gradient_accumulation == 1

    @property
    def trains_adapters(self) -> bool:
        return self.method != "full"


# Read once: a search makes hundreds of settings, and `fields` looks at each one's kind anew.
_NAMES = tuple(item.name for item in fields(TrainingSettings))


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
        return FieldError(name, f"must be one of {listed}.", "not_a_choice")
    if name in MAXIMUM_OF_FIELD:
        minimum, maximum = MINIMUM_OF_FIELD.get(name, 1), MAXIMUM_OF_FIELD[name]
        if isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum:
            return None
        bounds = f"between {minimum} and {maximum:,}"
        return FieldError(name, f"must be a whole number {bounds}.", "out_of_bounds")
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
        return FieldError(name, "must be a number from 0 up to, but not, 1.", "out_of_bounds")
    if isinstance(value, bool):
        return None
    return FieldError(name, "must be true or false.")


def settings_from_mapping(
    values: Mapping[str, Any], *, method: object = None, trainer_defaults: bool = True
) -> TrainingSettings:
    """Settings from a JSON object's values: unknown names and wrong types are errors.

    Trainers' own names and values are understood (`spellings.py`).
    A trainer's defaults (`trainers.py`) come first where `trainer` is given, and what is stated
    overrides them.

    Raises:
        SettingsError: with every error found.
    """
    from calculator.estimation.trainers import TRAINERS

    values = understood(values)
    errors = [
        FieldError(str(name)[:40], "is not a setting.") for name in values if name not in _NAMES
    ]
    known: dict[str, Any] = {name: value for name, value in values.items() if name in _NAMES}
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
    for name in _NAMES:
        if getattr(settings, name) != getattr(base, name):
            yield name

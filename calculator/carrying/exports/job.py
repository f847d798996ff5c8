"""A run to be written down for a tool, and what each of its settings costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from calculator.estimation import Architecture, Estimate, SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster import Sharding, estimate_sharded
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import ALL_LINEAR
from calculator.words.formatting import format_gb

# Less than this is lost in the range of the estimate.
SMALLEST_WORTH_A_WORD_BYTES = 50_000_000
PLACEHOLDER_MODEL = "your-organisation/your-model"
LEARNING_RATES = {"full": 0.00001, "lora": 0.0002, "qlora": 0.0002}
NOT_MEMORY = "Yours to choose; memory does not depend on it."
# Published so: no tool quantises to them while it loads.
QUANTIZED_AS_PUBLISHED = {
    "awq": "AWQ, 4 bits",
    "gptq": "GPTQ, 4 bits",
    "fp8": "fp8",
    "mxfp4": "MXFP4",
}
MODULES_TO_SAVE = {
    "none": [],
    "embeddings": ["embed_tokens"],
    "head": ["lm_head"],
    "embeddings_and_head": ["embed_tokens", "lm_head"],
}

# The other value of a setting that its comment compares with, and the words for more and less.
_OTHERS: dict[str, Callable[[Any], Any]] = {
    "micro_batch": lambda now: now + 1,
    "sequence_length": lambda now: 2 * now,
    "gradient_checkpointing": lambda now: not now,
    "lora_rank": lambda now: 2 * now,
    "loss": lambda now: "standard" if now != "standard" else "chunked",
    "kernels": lambda now: "standard" if now == "fused" else "fused",
    "attention": lambda now: "eager" if now != "eager" else "sdpa",
    "activation_offload": lambda now: "none" if now != "none" else "saved_tensors",
    "use_dora": lambda now: not now,
    "quantization": lambda now: "nf4" if now == "nf4_double" else "nf4_double",
    "eval_micro_batch": lambda now: 0,
    "modules_to_save": lambda now: "none",
    "lora_dropout": lambda now: 0.0 if now else 0.05,
    "gradient_accumulation": lambda now: 1,
    "prepare_kbit": lambda now: not now,
    "padding_free": lambda now: not now,
    "optimizer_in_backward": lambda now: not now,
    "reentrant_checkpoints": lambda now: not now,
    "recipe": lambda now: "pure_bf16" if now != "pure_bf16" else "bf16_autocast",
}
_WORDS = {
    "micro_batch": ("One more sequence", "One more sequence"),
    "sequence_length": ("Twice as long", "Twice as long"),
    "gradient_checkpointing": ("Without it", "With it"),
    "lora_rank": ("Twice the rank", "Twice the rank"),
    "loss": ("transformers’ own loss", "A loss in chunks"),
    "kernels": ("Without fused kernels", "With fused kernels"),
    "attention": ("Eager attention", "SDPA"),
    "activation_offload": ("Without it", "With it"),
    "use_dora": ("Without DoRA", "With DoRA"),
    "quantization": ("Without double quantisation", "With double quantisation"),
    "eval_micro_batch": ("Without evaluation", "Without evaluation"),
    "modules_to_save": ("Without them", "Without them"),
    "lora_dropout": ("Without dropout", "With dropout"),
    "gradient_accumulation": ("Without accumulation", "Without accumulation"),
    "prepare_kbit": ("Without it", "With it"),
    "padding_free": ("Without it", "With it"),
    "optimizer_in_backward": ("Without it", "With it"),
    "reentrant_checkpoints": ("Without it", "With it"),
    "recipe": ("All in bf16", "Mixed precision"),
}


@dataclass(frozen=True, slots=True)
class Job:
    """A model by the name that a tool loads it by, and how it is trained on how many GPUs.

    names are all that the model is called, for tools that know models by names of their own.
    """

    model_id: str
    model_name: str
    architecture: Architecture
    settings: TrainingSettings
    sharding: Sharding = field(default_factory=Sharding)
    names: tuple[str, ...] = ()
    counted: TrainingSettings | None = None
    """What a tool makes of the settings, where that differs: the comments count with it."""

    @property
    def gpu_count(self) -> int:
        return self.sharding.gpu_count

    @property
    def is_shared(self) -> bool:
        """Whether something shares the run out, be it over one GPU and the host."""
        return self.sharding.strategy != "none"

    @property
    def where(self) -> str:
        """“one GPU”, “8 GPUs by ZeRO-3”"""
        count = "one GPU" if self.gpu_count == 1 else f"{self.gpu_count} GPUs"
        return f"{count} by {self.sharding.name}" if self.is_shared else count

    @property
    def method(self) -> str:
        return self.settings.method

    @property
    def trains_adapters(self) -> bool:
        return self.settings.trains_adapters

    @property
    def found(self) -> Estimate:
        return estimate_of(self.architecture, self.counted or self.settings, self.sharding)

    @property
    def likely_bytes(self) -> int:
        return self.found.device_bytes.likely

    @property
    def targets(self) -> list[str]:
        """The names of the linear maps with an adapter, each."""
        targets = self.settings.lora_targets
        return list(module_names(self.architecture) if isinstance(targets, str) else targets)

    @property
    def has_all_targets(self) -> bool:
        return self.settings.lora_targets == ALL_LINEAR

    @property
    def saved_modules(self) -> list[str]:
        return MODULES_TO_SAVE[self.settings.modules_to_save]

    def part(self, component: str) -> str:
        """A component's bytes at the peak: “16.1 GB”; empty where it is none."""
        size = sum(item.bytes for item in self.found.breakdown if item.component == component)
        return format_gb(size).replace("\u00a0", " ") if size else ""

    def cost(self, setting: str) -> str:
        """What a setting costs or saves, beside its other value; empty where it is next to nothing."""
        if setting == "optimizer":
            states = self.part("optimizer_states")
            return f"Its states: {states}." if states else ""
        if setting == "model":
            weights = self.part("weights")
            shared = " on each GPU" if self.gpu_count > 1 else ""
            return f"The weights: {weights}{shared}." if weights else ""
        now = getattr(self.counted or self.settings, setting)
        other = _OTHERS[setting](now)
        difference = self.likely_with(**{setting: other})
        if difference is None or other == now:
            return ""
        difference -= self.likely_bytes
        if abs(difference) < SMALLEST_WORTH_A_WORD_BYTES:
            return ""
        # The first words stand for what is on, the second for what is off.
        is_on = bool(now) and now not in ("none", "standard", "eager", "nf4", "pure_bf16")
        words = _WORDS[setting][0 if is_on else 1]
        amount = format_gb(abs(difference)).replace("\u00a0", " ")
        return f"{words}: about {amount} {'more' if difference > 0 else 'less'}."

    def likely_with(self, **changes: Any) -> int | None:
        """The likely bytes of a GPU with other settings; None where they cannot be."""
        try:
            settings = replace(self.counted or self.settings, **changes)
            return estimate_of(self.architecture, settings, self.sharding).device_bytes.likely
        except SettingsError:
            return None


@lru_cache(maxsize=256)
def estimate_of(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> Estimate:
    """What one GPU holds, alone or among others.

    Raises:
        SettingsError: the run cannot be shared out so.
    """
    if sharding.strategy == "none":
        return estimate(architecture, settings)
    return estimate_sharded(architecture, settings, sharding).per_gpu

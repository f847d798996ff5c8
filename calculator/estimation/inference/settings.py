"""What a model is run with: the names and values of the address, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from calculator.estimation.errors import FieldError, SettingsError
from calculator.estimation.inference.runtimes import RUNTIMES

KvPrecision = Literal["16bit", "8bit", "4bit"]
RuntimeSlug = Literal["vllm", "llama.cpp", "transformers"]
CHOICES: dict[str, tuple[str, ...]] = {
    "kv_precision": get_args(KvPrecision),
    "runtime": get_args(RuntimeSlug),
}
# Far beyond what anybody runs: 10 million tokens is Llama 4 Scout's context.
MAXIMUM_OF_FIELD = {
    "context_length": 10_485_760,
    "sequences": 65_536,
    "prefill_tokens": 10_485_760,
}
MINIMUM_OF_FIELD = {"prefill_tokens": 0}


@dataclass(frozen=True, slots=True)
class InferenceSettings:
    """How a model is run.

    context_length: tokens of one sequence, its prompt and its answer together.
    sequences: conversations that are in memory at the same time, each of that length.
    kv_precision: "16bit", or quantised as the runtime does it ("8bit" is fp8 in vLLM, q8_0 in
    llama.cpp; "4bit" is q4_0 there).
    prefill_tokens: tokens that one step takes while prompts are read; 0 is the runtime's default.
    """

    context_length: int = 8_192
    sequences: int = 1
    kv_precision: KvPrecision = "16bit"
    runtime: RuntimeSlug = "vllm"
    prefill_tokens: int = 0

    def __post_init__(self) -> None:
        errors = [
            FieldError(name, f"must be a whole number from {low:,} to {most:,}.")
            for name, most in MAXIMUM_OF_FIELD.items()
            if not _is_count(getattr(self, name), low := MINIMUM_OF_FIELD.get(name, 1), most)
        ]
        errors += [
            FieldError(name, f"must be one of {', '.join(known)}.")
            for name, known in CHOICES.items()
            if getattr(self, name) not in known
        ]
        if not errors and self.kv_precision not in RUNTIMES[self.runtime].kv_bits:
            name = RUNTIMES[self.runtime].name
            errors.append(
                FieldError("kv_precision", f"cannot be 4-bit: {name} has no such KV cache.")
            )
        if errors:
            raise SettingsError(errors)


def _is_count(value: object, low: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= most


def inference_settings_from_mapping(values: Mapping[str, Any]) -> InferenceSettings:
    """Read settings under their names; others are left alone.

    Raises:
        SettingsError: a value is out of its bounds or not one of its choices.
    """
    known = {each.name for each in fields(InferenceSettings)}
    return InferenceSettings(**{name: values[name] for name in values if name in known})

"""An adapter_config.json as peft writes it: what was trained, and on top of which model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from calculator.estimation.settings import ALL_LINEAR, is_module_name
from calculator.words.formatting import shortened

PEFT_TYPE = "peft_type"


@dataclass(frozen=True, slots=True)
class Adapter:
    """What an adapter's configuration says: its base, and settings under their names as texts."""

    base: str
    settings: Mapping[str, str]
    notes: tuple[str, ...] = ()
    error: str = ""
    words: str = ""


def is_adapter(config: Mapping[str, Any]) -> bool:
    return isinstance(config.get(PEFT_TYPE), str)


def read_adapter(config: Mapping[str, Any]) -> Adapter:
    """peft's LoraConfig (peft/tuners/lora/config.py); other adapters get an error in words."""
    base = config.get("base_model_name_or_path")
    base = base.strip() if isinstance(base, str) else ""
    kind = config[PEFT_TYPE]
    if kind.upper() != "LORA":
        error = f"This adapter is of type {shortened(kind, 20)}. Only LoRA is estimated here."
        return Adapter(base, {}, error=error)
    settings: dict[str, str] = {}
    rank = config.get("r", 8)
    if isinstance(rank, int) and not isinstance(rank, bool) and rank > 0:
        settings["lora_rank"] = str(rank)
    dropout = config.get("lora_dropout")
    if isinstance(dropout, int | float) and not isinstance(dropout, bool) and 0 <= dropout < 1:
        settings["lora_dropout"] = f"{dropout:g}"
    targets, note = _targets(config.get("target_modules"))
    settings["lora_targets"] = targets
    where = "all linear maps" if targets == ALL_LINEAR else targets.replace(",", ", ")
    return Adapter(base, settings, (note,) if note else (), words=f"rank {rank} on {where}")


def _targets(stated: object) -> tuple[str, str]:
    """Module names as an address has them, and what could not be taken over."""
    if isinstance(stated, str) and is_module_name(stated):
        stated = [stated]
    if isinstance(stated, list) and all(isinstance(name, str) for name in stated):
        # A full path, model.layers.0.self_attn.q_proj, is one of many maps of that name.
        names = list(dict.fromkeys(name.rpartition(".")[2] for name in stated))
        if names and all(map(is_module_name, names)):
            return ",".join(names), ""
    if stated == ALL_LINEAR or stated is None:
        return ALL_LINEAR, ""
    return ALL_LINEAR, "The adapter’s target modules are a pattern; here they are all linear maps."

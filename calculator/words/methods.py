"""The names of the three methods that are estimated precisely."""

from __future__ import annotations

METHOD_NAMES = {"full": "Full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
# Where they do not begin a sentence.
METHOD_WORDS = {**METHOD_NAMES, "full": "full fine-tuning"}

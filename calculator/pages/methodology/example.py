"""The model and the runs that the methodology page works through."""

from __future__ import annotations

from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.families import FAMILIES
from calculator.estimation.settings import Method

# The catalog's row llama-3-1-8b; stated here so that the page does not depend on an editor's list.
LLAMA_3_1_8B = Architecture(
    name="Llama 3.1 8B",
    model_type="llama",
    hidden_size=4096,
    layer_count=32,
    head_count=32,
    kv_head_count=8,
    head_dim=128,
    intermediate_size=14336,
    vocab_size=128256,
    tied_embeddings=False,
    traits=FAMILIES["llama"],
)
METHODS: tuple[tuple[Method, str], ...] = (
    ("full", "Full fine-tuning"),
    ("lora", "LoRA"),
    ("qlora", "QLoRA"),
)


def example_settings(method: Method, *, gradient_checkpointing: bool = True) -> TrainingSettings:
    """4 sequences of 2,048 tokens, everything else as it comes."""
    return TrainingSettings(
        method=method,
        micro_batch=4,
        sequence_length=2048,
        gradient_checkpointing=gradient_checkpointing,
    )

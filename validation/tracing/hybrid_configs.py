"""What the configurations of families with layers of several kinds state besides their sizes."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.rows import architecture_from_row

FAMILIES_OF_MANY_LAYERS = frozenset({"lfm2", "lfm2_moe"})


def values_of_many_layers(row: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Values for a row beside the common ones; `values` has those, and how many layers there are."""
    family = row["model_type"]
    architecture = architecture_from_row(row)
    kinds = architecture.layer_kinds()[: values["num_hidden_layers"]]
    if family in ("lfm2", "lfm2_moe"):
        names = {"convolution": "conv", "full": "full_attention"}
        return {
            "layer_types": [names[attention] for attention, _ in kinds],
            "conv_L_cache": architecture.linear_conv_kernel,
            "block_auto_adjust_ff_dim": False,
            "tie_embedding": values["tie_word_embeddings"],
        }
    raise LookupError(f"{family} is not known here.")

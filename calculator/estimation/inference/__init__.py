"""What running a model takes: weights, KV cache, one step's workspace and the runtime's own.

`estimate_inference` is the whole of it; the files beside it are its terms, one each.
"""

from __future__ import annotations

from calculator.estimation.inference.estimate import InferenceEstimate, estimate_inference
from calculator.estimation.inference.settings import (
    InferenceSettings,
    inference_settings_from_mapping,
)

__all__ = [
    "InferenceEstimate",
    "InferenceSettings",
    "estimate_inference",
    "inference_settings_from_mapping",
]

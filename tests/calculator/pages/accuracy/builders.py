"""Rows for the tests of the accuracy page."""

from __future__ import annotations

from typing import Any

from calculator.pages.accuracy.records import AccuracyRow

GB = 10**9


def row(actual_gb: float = 20, predicted_gb: float = 20, **changes: Any) -> AccuracyRow:
    values: dict[str, Any] = {
        "kind": "measured",
        "id": "run-1",
        "source": "A benchmark",
        "url": "https://example.com",
        "model": "a/model",
        "method": "lora",
        "settings": "1 × 2,048 tokens",
        "gpu_count": 1,
        "gpu": "A100",
        "counter": "allocated",
        "is_best_evidence": True,
        "actual_low_bytes": round(actual_gb * GB),
        "actual_high_bytes": round(actual_gb * GB),
        "predicted_bytes": round(predicted_gb * GB),
        "predicted_low_bytes": round(predicted_gb * GB),
        "predicted_high_bytes": round(predicted_gb * GB),
        "rule_of_thumb_bytes": round(16.8 * GB),
        "remarks": "",
        "calculator_query": "",
    }
    return AccuracyRow(**(values | changes))

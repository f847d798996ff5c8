"""Arbitrary questions to every public page and the API: an answer, never a 500.

`FUZZ_REQUESTS` says how many requests; `make fuzz` asks 50,000.
"""

from __future__ import annotations

import json
import os
import random

import pytest

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "150"))

PAGES = (
    "/", "/inference/", "/fragments/training/", "/fragments/inference/", "/fragments/models/",
    "/fragments/model-list/", "/models/", "/models/llama-3-1-8b/", "/curves/", "/compare/", "/why/",
    "/export/trl/", "/export/torchtune/", "/export/markdown/", "/export/csv/", "/import/",
    "/fragments/why/", "/faq/", "/accuracy/", "/methodology/", "/gpus/", "/gpus/table/",
    "/gpus/rtx-4090/", "/gpus/rtx-4090/answers/", "/fit/", "/accuracy/accuracy.csv",
)  # fmt: skip
NAMES = (
    "model", "size", "params_b", "config", "search", "kind", "sort", "order", "page", "method",
    "sequence_length", "micro_batch", "gpu_count", "gpu", "tier", "vendor", "rank", "optimizer",
    "checkpointing", "precision", "attention", "reports", "strategy", "measured", "peak", "budget",
    "experts", "lora_targets", "measured_gb", "gradient_accumulation", "tokens", "memory", "hours",
)  # fmt: skip
VALUES = (
    "", "0", "-1", "1", "7", "8", "70", "64", "1e400", "1e-400", "NaN", "Infinity", "9" * 400, "%", "%(value)s",
    "{}", "{0.__class__}", "\x00", "\ud7ff", "\u202e", "<script>alert(1)</script>", "llama-3.1-8b",
    "qlora", "lora", "full", "moe", "dense", "true", "1,5", "10485759", "4096", "٣", "½", "10 GB",
    "gpt-oss-120b", "deepseek-v3", "rtx-4090", "h100-sxm", "-cloud_price", "adamw", "paged_adamw_8bit",
    '{"model_type":"llama"}', "[" * 500, '{"a":1e999}', '"\\ud800"', "a" * 3000, "'; --", "../../etc",
)  # fmt: skip


@pytest.mark.django_db
def test_no_question_is_a_500(client, catalog):
    client.raise_request_exception = False
    # Hypothesis shrinks, but takes ten times as long to make a query; a seed finds it again.
    chance = random.Random(os.environ.get("FUZZ_SEED", "1"))
    failed = []
    for _ in range(REQUESTS):
        names = chance.sample(NAMES, chance.randint(0, 4))
        query = {name: chance.choice(VALUES) for name in names}
        if chance.random() < 0.25:
            body = json.dumps({"method": chance.choice(VALUES), "params_b": 7, "settings": query})
            path = "/api/v1/estimate"
            response = client.post(path, body, content_type="application/json")
        else:
            path = chance.choice(PAGES)
            response = client.get(path, query)
        content = b"".join(response) if response.streaming else response.content
        if response.status_code >= 500:
            failed.append((path, query))
        elif b"<script>alert(1)" in content:
            assert "json" in response["Content-Type"], (path, query)
    assert failed == []

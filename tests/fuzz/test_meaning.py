"""What every answer means, whatever is asked: the page and the API agree, and more never takes less."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from calculator.catalog import current_catalog
from calculator.estimation.settings import CHOICES
from calculator.question.training_form import SETTING_NAMES
from calculator.words.formatting import format_figure

EXAMPLES = max(int(os.environ.get("FUZZ_REQUESTS", "0")) // 50, 8)

CHOSEN = {name: CHOICES[name] for name in sorted(CHOICES) if name in SETTING_NAMES}
COUNTS = {
    "micro_batch": st.integers(1, 64),
    "sequence_length": st.integers(1, 131_072),
    "lora_rank": st.integers(1, 256),
    "gradient_accumulation": st.integers(1, 8),
}
SWITCHES = ("gradient_checkpointing", "optimizer_in_backward", "padding_free", "use_dora")

stated = st.fixed_dictionaries(
    {"sequence_length": COUNTS["sequence_length"]},
    optional={name: COUNTS[name] for name in ("micro_batch", "lora_rank", "gradient_accumulation")}
    | {name: st.booleans() for name in SWITCHES}
    | {name: st.sampled_from([value for value in CHOSEN[name] if value]) for name in CHOSEN},
)


@pytest.mark.django_db
def test_page_and_api_agree_and_more_never_takes_less(client, catalog):
    slugs = [model.slug for model in current_catalog().language_models]
    capacity = {tier.memory_gb: tier.capacity_bytes for tier in current_catalog().usable_tiers}
    ladder = sorted(tier.memory_gb for tier in current_catalog().usable_tiers if tier.is_on_ladder)

    def api(model: str, method: str, run: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"model": model, "method": method, "settings": run})
        response = client.post("/api/v1/estimate", body, content_type="application/json")
        assume(response.status_code == 200)
        return response.json()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(slugs), st.sampled_from(CHOICES["method"]), stated)
    def check(model: str, method: str, run: dict[str, Any]) -> None:
        answer = api(model, method, run)
        device, minimum = answer["device_bytes"], answer["minimum_gpu"]

        assert sum(part["bytes"] for part in answer["breakdown"]) == answer["peak_allocated_bytes"]
        assert (
            answer["peak_allocated_bytes"] <= device["low"] <= device["likely"] <= device["high"]
        )
        if minimum is not None:
            # A size beside the ladder is the minimum where none on it holds the run.
            sizes = ladder if minimum["memory_gb"] in ladder else sorted(capacity)
            holds = [gb for gb in sizes if capacity[gb] >= device["likely"]]
            assert (minimum["gpu_count"] == 1) == bool(holds)
            if holds:
                assert minimum["memory_gb"] == holds[0]

        for more in ("sequence_length", "micro_batch", "lora_rank"):
            larger = api(model, method, run | {more: 2 * run.get(more, 64)})
            smaller = api(model, method, run | {more: run.get(more, 1)})
            assert larger["peak_allocated_bytes"] >= smaller["peak_allocated_bytes"], more

        query = {name: json.dumps(each).strip('"') for name, each in run.items()}
        page = BeautifulSoup(client.get("/", {"model": model} | query).content, "html.parser")
        figure = page.select_one(f"#card-{method} .card__figure")
        if figure is None:
            # Another method may refuse what is stated for all three; then its field says so.
            assert page.select_one(".field-error")
            return
        number = "".join(each for each in figure.text if each.isdigit() or each == ".")
        likely = format_figure(device["likely"], (device["low"], device["high"]))
        assert f"{number}\xa0GB" == likely.replace(",", "")
        if minimum is not None:
            assert minimum["label"] in page.select_one(f"#card-{method}").get_text(" ")

    check()

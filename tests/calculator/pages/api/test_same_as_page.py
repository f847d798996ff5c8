"""The API answers what the page says, whatever is set."""

import html
import os
import random
import re

import pytest

from calculator.estimation.settings import CHOICES
from calculator.words.formatting import format_gb, format_range

SETTINGS_COUNT = int(os.environ.get("COMPARED_SETTINGS", "200"))
# Dense, a mixture of experts, and a plain size: each further one has steps of its own to trace.
SUBJECTS = ({"model": "llama-3-1-8b"}, {"model": "qwen3-30b-a3b"}, {"size": "7"})
NUMBERS = {
    "micro_batch": ("1", "2", "16"),
    "sequence_length": ("512", "4096", "32768"),
    "lora_rank": ("8", "64", "256"),
    "gradient_accumulation": ("1", "8"),
    "eval_micro_batch": ("0", "4"),
    "lora_targets": ("all-linear", "q_proj,v_proj"),
    "gradient_checkpointing": ("true", "false"),
    "use_dora": ("true", "false"),
    "padding_free": ("true", "false"),
}
VALUES = {**NUMBERS, **{name: each for name, each in CHOICES.items() if name != "method"}}


# Parsing two hundred whole pages would take as long as drawing them.
CARD = re.compile(
    r'<article [^>]*id="card-(\w+)".*?Likely range</dt><dd>(.*?)</dd>'
    r'.*?at the peak</dt><dd>(.*?)</dd>.*?class="card__minimum.*?<strong>(.*?)</strong>',
    re.DOTALL,
)


def random_query(chance: random.Random) -> dict[str, str]:
    names = chance.sample(sorted(VALUES), chance.randint(1, 3))
    settings = {name: chance.choice(VALUES[name]) for name in names}
    # Alone, a plain size is the rule of thumb's.
    return {**chance.choice(SUBJECTS), "sequence_length": "1024", **settings}


def cards_of(text: str) -> dict[str, tuple[str, ...]]:
    """Of each card by its method: range, peak, and the label of the minimum."""
    return {
        method: tuple(html.unescape(each) for each in figures)
        for method, *figures in CARD.findall(text)
    }


def as_cards(answer: dict) -> dict[str, tuple[str, ...]]:
    return {
        method: (
            format_range(each["device_bytes"]["low"], each["device_bytes"]["high"]),
            format_gb(each["peak_allocated_bytes"]),
            "None" if each["minimum_gpu"] is None else each["minimum_gpu"]["label"],
        )
        for method, each in answer["methods"].items()
    }


@pytest.mark.django_db
def test_the_api_s_figures_are_the_page_s_for_any_settings(client, catalog):
    chance = random.Random(1)

    for _ in range(SETTINGS_COUNT):
        query = random_query(chance)
        answer = client.get("/api/v1/estimate", query)
        page = client.get("/fragments/training/", query, headers={"HX-Request": "true"})

        assert answer.status_code == page.status_code == 200, query
        cards = cards_of(page.content.decode())
        assert len(cards) == 3, query
        assert as_cards(answer.json()) == cards, query

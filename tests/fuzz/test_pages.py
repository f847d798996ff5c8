"""Arbitrary questions to every public page and the API: an answer in words, never a 500.

`FUZZ_REQUESTS` says how many requests; `make fuzz` asks 50,000, others each time (`FUZZ_SEED`
asks the same ones again).
"""

from __future__ import annotations

import html
import json
import logging
import os
import random
import re
import time
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import addresses

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "120"))
# Hypothesis remembers all that it tried, so many requests come in batches.
BATCH = 2000
# The same requests in every run of the suite, others whenever many are asked for.
SEED = int(os.environ.get("FUZZ_SEED", "1" if REQUESTS < BATCH else str(random.randrange(10**6))))

ANSWERS = {200, 301, 302, 304, 400, 404, 405, 413, 414, 422, 429}
MOST_CPU_SECONDS = 2.0
# Python's own words for things, which are nobody's answer.
REPRS = re.compile(
    r"<[\w.]+ object at 0x|<(?:class|function|module|Tensor) |Traceback \(most|Decimal\('|\bfrozenset\("
    r"|datetime\.\w+\(|\b(?:Key|Value|Type|Attribute|Index|Overflow|Assertion)Error\b|\bdict_\w+\("
    r"|errno|>\s*(?:nan|-?inf)\s*<"
)  # fmt: skip


class Asked(NamedTuple):
    method: str
    path: str
    query: str = ""
    body: str | dict[str, str] | None = None
    is_htmx: bool = False


@cache
def requests() -> st.SearchStrategy[Asked]:
    """The catalog's own names are among what is asked, so this waits for its rows."""
    choices = addresses.choices_by_name()
    slugs, pages = addresses.slugs(), addresses.public_pages()
    # What reads more can break in more ways.
    asking = [page for page in pages if len(page.names) > 1]

    @st.composite
    def page(draw: st.DrawFn) -> Asked:
        found = draw(st.sampled_from(asking) | st.sampled_from(asking) | st.sampled_from(pages))

        def slug(part: re.Match[str]) -> str:
            rows = slugs.get(part[3]) or slugs.get(part[1]) or ["home"]
            drawn = draw(st.sampled_from(rows) | st.sampled_from((*rows, *addresses.TEXTS)))
            return f"{part[1]}/{quote(drawn, safe='')}"

        path = re.sub(r"(\w*)/<(\w+):(\w+)>", slug, f"/{found.pattern}")
        method = draw(st.sampled_from(("GET",) * 8 + ("HEAD", "POST", "DELETE")))
        query = draw(addresses.queries(found.names, choices))
        return Asked(method, path, query, is_htmx=found.is_fragment)

    api = st.one_of(
        addresses.settings_objects(choices).map(json.dumps),
        st.sampled_from(addresses.JSONS),
        st.text(max_size=30),
    ).map(lambda body: Asked("POST", "/api/v1/estimate", body=body))
    config = addresses.values([]).map(
        lambda text: Asked("POST", "/config/", body={"config": text})
    )
    return st.one_of(*(page() for _ in range(8)), api, config)


def answer_to(asked: Asked) -> tuple[int, str, str, float]:
    """Status, content type, text, CPU seconds."""
    client = Client(raise_request_exception=False)
    began = time.process_time()
    if isinstance(asked.body, dict):
        response = client.post(asked.path, asked.body)
    elif asked.body is not None:
        response = client.post(asked.path, asked.body.encode(), content_type="application/json")
    else:
        headers = {"hx-request": "true"} if asked.is_htmx else {}
        response = client.generic(
            asked.method, asked.path, headers=headers, QUERY_STRING=asked.query
        )
    content = b"".join(response) if response.streaming else response.content
    seconds = time.process_time() - began
    kind = response.get("Content-Type", "").partition(";")[0]
    text = "" if kind.startswith("image/") else content.decode()
    return response.status_code, kind, text, seconds


def complaints(asked: Asked) -> list[str]:
    status, kind, text, seconds = answer_to(asked)
    wrong = []
    if status not in ANSWERS:
        wrong.append(f"answers {status}")
    if status >= 400 and asked.method != "HEAD" and status != 405 and len(text) < 20:
        wrong.append(f"says nothing with its {status}")
    if seconds > MOST_CPU_SECONDS:
        wrong.append(f"takes {seconds:.1f} s of CPU")
    # What was typed may be anything, also a repr; the values here are none.
    if found := REPRS.search(html.unescape(text)):
        wrong.append(f"speaks Python: {html.unescape(text)[max(found.start() - 40, 0) :][:120]!r}")
    if kind in {"text/html", "application/xml", "application/rss+xml"} and (
        "<script>fuzzed" in text or "<i onload" in text or 'href="javascript:' in text
    ):
        wrong.append("hands on markup")
    return wrong


@pytest.fixture
def _errors_are_logged_alone():
    """Refusals warn, and there are tens of thousands of them."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.django_db
@pytest.mark.usefixtures("_errors_are_logged_alone")
def test_every_question_has_an_answer_in_words(catalog):
    def ask(asked: Asked) -> None:
        wrong = complaints(asked)
        assert wrong == [], (asked, f"FUZZ_SEED={batch_seed}")

    for number in range(0, REQUESTS, BATCH):
        batch_seed = SEED + number // BATCH
        batch = settings(
            max_examples=min(BATCH, REQUESTS - number),
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        seed(batch_seed)(batch(given(requests())(ask)))()

"""Every public address with the names that it reads, and what a stranger may put into them.

Nothing here is a list of pages: a view says by its mark what it reads (`@public`), a form by its
choices what it takes. A page of tomorrow is asked from its first day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from django import forms
from django.urls import get_resolver
from hypothesis import strategies as st

from calculator.catalog import current_catalog
from calculator.estimation.settings import CHOICES
from calculator.estimation.spellings import NAMES
from calculator.question.cluster import CLUSTER_NAMES

MARKED = '"><script>fuzzed()</script><i onload=fuzzed()>'
TEXTS = (
    "", " ", "%", "%25", "%(value)s", "%s%n", "{}", "{0.__class__}", "{{7*7}}", "{% now %}", MARKED,
    "javascript:fuzzed()", "\x00", "a\x00b", "\u202e7B", "\ufeff", "\ud7ff", "٣", "½", "1,5", "1_0",
    "7 B", "'; DROP TABLE gpus_gpu; --", "../../etc/passwd", "a" * 3000, "é" * 900, "on", "true",
    "null", "all", "10 GB",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "-1", "1", "2", "3", "7", "8", "64", "1.5", "0.05", "1e3", "1e400", "-1e400", "1e-400",
    "NaN", "Infinity", "-Infinity", "9" * 400, "0" * 400 + "7", "2147483648", "9223372036854775808",
    "10485760", "4096", "1353", "0x10", "1e", ".", "+8", "1e16",
)  # fmt: skip
JSONS = (
    '{"model_type":"llama"}', "[" * 500, '{"a":1e999}', '"\\ud800"', "[]", "null", "{", '{"a":' * 90,
)  # fmt: skip
LLAMA = {
    "model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 16, "vocab_size": 128256,
    "intermediate_size": 8192, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
    "tie_word_embeddings": True,
}  # fmt: skip
WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 3, 2**63, 10**400, 0.5, -1.5, 1e308, "", "llama", MARKED, [], [[]], {}, {"a": {}},
)  # fmt: skip
# Cut short, halves of characters, no UTF-8.
BROKEN_ESCAPES = ("%", "%4", "%zz", "%ff", "%ed%a0%80", "%00", "%c0%ae", "+%20+", ";", "&&", "=")


class Page(NamedTuple):
    """A public address as the URL conf has it, with the names of the query that it reads."""

    pattern: str
    names: tuple[str, ...]
    is_fragment: bool


def public_pages() -> list[Page]:
    return sorted(_marked(get_resolver(), ""))


def _marked(resolver: Any, prefix: str) -> Iterator[Page]:
    for each in resolver.url_patterns:
        pattern = f"{prefix}{each.pattern}"
        if hasattr(each, "url_patterns"):
            yield from _marked(each, pattern)
        elif public := getattr(each.callback, "public", None):
            kept = {"gpu"} if hasattr(each.callback, "keeps_own_gpu") else set()
            yield Page(pattern, tuple(sorted(public.names | kept)), public.is_fragment)


def choices_by_name() -> dict[str, list[str]]:
    """What forms offer, by the name of the field, and what settings take."""
    found: dict[str, set[str]] = {}
    for form in _descendants(forms.Form):
        for name, field in form.base_fields.items():
            if isinstance(field, forms.ChoiceField):
                found.setdefault(name, set()).update(str(value) for value, _ in field.choices)
    for name, values in CHOICES.items():
        found.setdefault(name, set()).update(values)
    for alias, name in NAMES.items():
        found.setdefault(alias, set()).update(found.get(name, ()))
    catalog = current_catalog()
    found["model"] = {model.slug for model in catalog.language_models}
    found["gpu"] = {gpu.slug for gpu in catalog.gpus}
    found["size"] = {"7b", "7B", "70b"}
    return {name: sorted(values) for name, values in found.items()}


def _descendants(kind: type) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _descendants(each)


def slugs() -> dict[str, list[str]]:
    """Rows' names, by the part of the path below which they stand; methods by their parameter."""
    catalog = current_catalog()
    return {
        "gpus": [gpu.slug for gpu in catalog.gpus],
        "models": [model.slug for model in catalog.language_models],
        "faq": [entry.slug for entry in catalog.faq],
        "method": list(CHOICES["method"]),
    }


def values(choices: list[str]) -> st.SearchStrategy[str]:
    """A value by kind: mostly such as get past the form, so that what lies behind is asked too."""
    hostile = st.sampled_from((*TEXTS, *NUMBERS, *JSONS)) | st.text(max_size=12)
    sizes = st.integers(-2, 2**24).map(str)
    configs = st.dictionaries(
        st.sampled_from((*LLAMA, "rope_scaling", "num_local_experts")), st.sampled_from(WRONG), max_size=2
    ).map(lambda wrong: json.dumps({**LLAMA, **wrong}))  # fmt: skip
    kinds = [sizes, hostile, st.sampled_from(NUMBERS), configs]
    return st.one_of(*([st.sampled_from(choices)] * 4 if choices else ()), *kinds)


def _encoded(pair: tuple[str, str, str]) -> str:
    name, value, style = pair
    if style == "raw":
        # As a careless program sends it; a request line holds nothing beyond Latin-1.
        return f"{name}={value}".encode("latin-1", "ignore").decode("latin-1")
    if style == "every":
        return f"{quote(name)}=" + "".join(f"%{byte:02x}" for byte in value.encode())
    if style == "plain":
        return f"{quote_plus(name)}={quote_plus(value)}"
    return f"{quote_plus(name)}={quote_plus(value)}{style}"


def queries(names: tuple[str, ...], choices: dict[str, list[str]]) -> st.SearchStrategy[str]:
    """A query string of up to five names, which may repeat, in several spellings."""
    known = st.sampled_from(names) if names else st.just("utm_source")
    named = (known | known | known | st.sampled_from(("utm_source", "", "\x00", MARKED))).flatmap(
        lambda name: st.tuples(
            st.just(name),
            values(choices.get(name, [])),
            st.sampled_from(("plain", "plain", "plain", "plain", "every", "raw", *BROKEN_ESCAPES)),
        )
    )
    return st.lists(named.map(_encoded), max_size=5).map("&".join)


def settings_objects(choices: dict[str, list[str]]) -> st.SearchStrategy[dict[str, Any]]:
    """What a POST to the API may hold: right, nearly right and wrong."""
    wrong = st.sampled_from(WRONG)
    setting = st.sampled_from(
        sorted({*CHOICES, *NAMES, "micro_batch", "sequence_length", "lora_rank"})
    )
    any_value = (
        wrong
        | st.integers(-2, 2**24)
        | st.sampled_from(sorted({value for each in CHOICES.values() for value in each}))
    )  # fmt: skip
    return st.fixed_dictionaries(
        {"method": st.sampled_from(CHOICES["method"]) | wrong},
        optional={
            "params_b": st.sampled_from((7, 70, 0.5)) | wrong,
            "model": st.sampled_from(choices["model"]) | wrong,
            "config": st.just(LLAMA) | wrong,
            "settings": st.dictionaries(setting, any_value, max_size=4) | wrong,
            "cluster": st.dictionaries(st.sampled_from(CLUSTER_NAMES), any_value, max_size=3) | wrong,
            "utm": wrong,
        },
    )  # fmt: skip

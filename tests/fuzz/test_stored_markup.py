"""An editor's mischief, or a stolen editor: what the admin takes is text on every page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup, Tag
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse

from calculator.checked_rows import CheckedRow
from calculator.data.loading import load_catalog
from calculator.faq.models import FaqEntry
from calculator.language_models.models import LanguageModel
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from tests.admin_pages import fields_on
from tests.calculator.small_catalog import write_small_catalog
from tests.fuzz.addresses import public_pages

# From the longest down, for fields of every width. 42049 would be an answer of a template's.
PAYLOADS = (
    """"'><script>fuzzed()</script><img src=x onerror=fuzzed()>{{ 6007*7 }}{% now "Y" %}</title>""",
    """"'><script>fuzzed()</script><img src=x onerror=fuzzed()></style>""",
    """'"><svg onload=fuzzed()>""",
    "<i on=1>",
)
# HTML and links of other schemes are refused by name; what the reader turns to text may be kept.
MARKDOWN = (
    "\"'`<script>fuzzed()</script>` \\<script>fuzzed()\\</script> &lt;img src=x onerror=fuzzed()&gt; "
    + "fuzzed" * 60
    + "\n\n### <b\n\n```\n</code></pre><script>fuzzed()</script>\n```\n\n"
    + '[a](https://example.com/?"onclick="fuzzed() "\' onclick=fuzzed() \\"><script>fuzzed()</script>")'
)
LINKS = ("javascript:fuzzed()", 'https://example.com/?"><script>fuzzed()</script>')

pytestmark = pytest.mark.django_db


@pytest.fixture
def mischief(admin_client, tmp_path) -> dict[type[models.Model], set[str]]:
    """A small catalog whose texts an editor has replaced; by table, the fields that took one."""
    write_small_catalog(tmp_path)
    load_catalog(tmp_path)
    return {
        model: _filled(admin_client, row)
        for model in _kept_by_editors()
        if issubclass(model, CheckedRow) and (row := model._default_manager.first()) is not None
    }


def _kept_by_editors() -> list[type[models.Model]]:
    return [model for model in admin.site._registry if issubclass(model, CheckedRow)]


def _filled(admin_client: Any, row: models.Model) -> set[str]:
    """Put the worst that each text of a row takes into it, its parts and aliases too."""
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    response = admin_client.get(url)
    before = fields_on(response)
    tries = {name: [*each, before.get(name, "")] for name, each in _texts_of(response).items()}
    for _ in range(8):
        chosen = {name: each[0] for name, each in tries.items()}
        response = admin_client.post(url, {**before, "_save": "Save", **chosen})
        if response.status_code == 302:
            return {name for name, text in chosen.items() if text != before.get(name, "")}
        refused = {
            form.add_prefix(name)
            for form in _forms_of(response)
            for name in form.errors
            if len(tries.get(form.add_prefix(name), ())) > 1
        }
        assert refused, [form.errors for form in _forms_of(response)]
        for name in refused:
            tries[name].pop(0)
    raise AssertionError((url, [form.errors for form in _forms_of(response)], chosen))


def _forms_of(response: Any) -> list[Any]:
    formsets = [each.formset for each in response.context["inline_admin_formsets"]]
    return [
        response.context["adminform"].form,
        *(form for each in formsets for form in each.forms),
    ]


def _texts_of(response: Any) -> dict[str, list[str]]:
    """The text fields of an admin page by their names in the form, with what to try in each."""
    found = {}
    for form in _forms_of(response):
        if form.instance._state.adding:
            continue  # the empty line that waits for a row more
        for name in form.fields:
            try:
                field = form.instance._meta.get_field(name)
            except FieldDoesNotExist:
                continue
            if isinstance(field, models.SlugField) or not isinstance(
                field, (models.CharField, models.TextField)
            ):
                continue
            if field.choices:
                continue
            longest = field.max_length or 10_000
            texts = LINKS if isinstance(field, models.URLField) else PAYLOADS
            if (field.model, name) == (FaqEntry, "answer"):
                texts = (*PAYLOADS[:1], MARKDOWN)
            fitting = [text for text in texts if len(text) <= longest]
            found[form.add_prefix(name)] = [fitting[0], fitting[-1]]
    return found


# What else stands in addresses, beside the slugs of rows.
PARTS = {
    "<slug:method>": "qlora",
    "<slug:tool>": "axolotl",
    "<str:name>": "axolotl.yaml",
    "<int:memory_gb>": "24",
}


def _public_addresses() -> Iterator[str]:
    """Every public page of the rows, with the questions that print their names."""
    slugs = {
        "models": LanguageModel.objects.values_list("slug", flat=True),
        "gpus": Gpu.objects.values_list("slug", flat=True),
        "faq": FaqEntry.objects.values_list("slug", flat=True),
    }
    for page in public_pages():
        path = page.pattern
        for part, value in PARTS.items():
            path = path.replace(part, value)
        rows = next((slugs[part] for part in path.split("/") if part in slugs), ["home"])
        for slug in rows if "<" in path else [""]:
            yield "/" + path.replace("<slug:slug>", slug).replace("<slug:name>", slug)
            if "model" in page.names:
                yield f"/{path.replace('<slug:slug>', slug)}?model=llama-2-7b&gpu=rtx-4090"


def _admin_addresses() -> Iterator[str]:
    yield "/admin/"
    for model in _kept_by_editors():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        yield reverse(f"{name}_changelist")
        yield reverse(f"{name}_changelist") + "?q=" + "%22%3E%3Cscript%3Efuzzed()%3C/script%3E"
        if row is not None:
            for page in ("change", "delete", "history"):
                yield reverse(f"{name}_{page}", args=[row.pk])


def _breaks_out(response: Any) -> list[str]:
    """What of an answer a browser or a reader would run."""
    kind = response["Content-Type"].partition(";")[0]
    text = response.content.decode()
    if kind in {"text/plain", "text/csv", "text/markdown"}:
        return []
    if kind == "application/json":
        json.loads(text)
        return []
    if kind.endswith("xml"):
        tags = [each.tag for each in ElementTree.fromstring(text).iter()]
        return [tag for tag in tags if tag in {"script", "img", "svg"}]
    assert kind == "text/html", kind
    return [str(tag)[:300] for tag in BeautifulSoup(text, "html.parser").find_all(_runs)]


def _runs(tag: Tag) -> bool:
    if tag.name == "script" and tag.get("type") in {"application/ld+json", "application/json"}:
        return not isinstance(json.loads(tag.text), dict | list)
    if tag.name == "script" and "fuzzed" in tag.text:
        return True
    links = (str(tag.get(name, "")).strip().lower() for name in ("href", "src", "action"))
    return (
        tag.get("src") == "x"
        or any(name.startswith("on") for name in tag.attrs)
        or any(link.startswith(("javascript:", "data:text")) for link in links)
    )


def test_what_editors_type_is_text_on_every_page_and_in_the_api(mischief, client, admin_client):
    # Not empty-handed: names, notes, sources and Markdown went in, through every form with texts.
    assert {"name", "source"} <= mischief[Gpu]
    assert {"provider", "source_name"} <= mischief[PriceObservation]
    assert {"display_name", "family", "mismatch_note"} <= mischief[LanguageModel]
    assert {"question", "answer"} <= mischief[FaqEntry]
    shown = 0
    for visitor, addresses in ((client, _public_addresses()), (admin_client, _admin_addresses())):
        for address in addresses:
            response = visitor.get(address, headers={"hx-request": "true"})
            # What is only recorded, such as changes, can neither be edited nor deleted.
            may_refuse = {403} if address.startswith("/admin/") else set()
            assert response.status_code in {200, 302, 404, 422} | may_refuse, address
            if response.status_code != 200 or response["Content-Type"] == "image/png":
                continue

            assert _breaks_out(response) == [], address
            assert "42049" not in response.text, address
            shown += "fuzzed" in response.text
    assert shown > 40
    for model in _kept_by_editors():
        rows = list(model._default_manager.values_list("pk", flat=True))
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        asked = {"action": "delete_selected", "_selected_action": rows}

        assert _breaks_out(admin_client.post(url, asked)) == [], url
    question = {"model": "llama-2-7b", "method": "qlora"}
    answer = client.post("/api/v1/estimate", question, content_type="application/json")
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "fuzzed" in json.dumps(answer.json())

"""/api/ and the OpenAPI document, which both come from the code."""

import json
import re
import shlex
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from django.urls import resolve

from calculator.estimation import TrainingSettings
from calculator.estimation.settings import CHOICES, MAXIMUM_OF_FIELD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


@pytest.fixture
def document(client) -> dict:
    return client.get("/api/v1/openapi.json").json()


@pytest.fixture
def page(client) -> BeautifulSoup:
    return BeautifulSoup(client.get("/api/").content, "html.parser")


def references(value) -> Iterator[str]:
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from references(each)


def test_every_reference_leads_somewhere(document):
    assert document["openapi"] == "3.1.0"
    for reference in set(references(document)):
        found = document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        assert found


def test_settings_have_the_core_s_bounds_choices_and_defaults(document):
    body = document["paths"]["/api/v1/estimate"]["post"]["requestBody"]["content"]
    settings = body["application/json"]["schema"]["properties"]["settings"]["properties"]

    assert set(settings) == set(TrainingSettings.__dataclass_fields__) - {"method"}
    for name, schema in settings.items():
        assert schema["default"] == getattr(TrainingSettings(), name)
        if name in CHOICES:
            assert schema["enum"] == list(CHOICES[name])
        if name in MAXIMUM_OF_FIELD:
            assert schema["maximum"] == MAXIMUM_OF_FIELD[name]


def test_every_address_below_api_is_in_the_document(document):
    from calculator.pages.api.urls import urlpatterns

    routes = {f"/api/{each.pattern}" for each in urlpatterns} - {"/api/", "/api/v1/openapi.json"}

    assert {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in routes} == set(document["paths"])


def test_every_name_of_a_query_is_one_that_its_view_reads(document):
    for path, item in document["paths"].items():
        names = {
            p["name"] for p in item.get("get", {}).get("parameters", ()) if p["in"] == "query"
        }
        if names:
            assert names <= resolve(path).func.public.names


def test_every_command_that_can_be_copied_is_answered(client, page):
    commands = [each.get_text() for each in page.select("pre") if "curl" in each.get_text()]

    assert len(commands) == 13
    for command in commands:
        _, _, address, *rest = shlex.split(command)
        path = address.removeprefix("http://testserver")
        if rest:
            assert json.loads(rest[1])
            response = client.post(path, rest[1], content_type="text/plain")
        else:
            response = client.get(path)
        assert response.status_code == 200, command


def test_the_frame_s_snippet_is_answered(client, page):
    snippet = next(each.get_text() for each in page.select("pre") if "iframe" in each.get_text())
    source = BeautifulSoup(snippet, "html.parser").iframe["src"]

    assert "embed__card" in client.get(source.removeprefix("http://testserver")).content.decode()


def test_every_link_on_the_page_has_its_target_and_the_footer_leads_here(client, page):
    identifiers = {each["id"] for each in page.select("[id]")}

    assert {a["href"][1:] for a in page.select("main a[href^='#']")} <= identifiers
    assert 'href="/api/"' in client.get("/methodology/").content.decode()

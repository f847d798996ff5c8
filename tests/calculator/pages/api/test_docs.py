"""docs/api.md says what the API does."""

import json
import re

import pytest
from django.conf import settings

from calculator.estimation.settings import (
    CHOICES,
    MAXIMUM_OF_FIELD,
    MINIMUM_OF_FIELD,
    TrainingSettings,
)

DOCS = settings.BASE_DIR / "docs" / "api.md"
SETTING_ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def examples() -> list[dict]:
    blocks = re.findall(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return [json.loads(block) for block in blocks]


def as_shape(value):
    """The names and texts of a JSON value; every number stands for itself no more."""
    if isinstance(value, dict):
        return {name: as_shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_shape(inner) for inner in value]
    return int if isinstance(value, int) else value


@pytest.mark.django_db
@pytest.mark.usefixtures("catalog")
def test_the_example_gets_the_answer_that_is_printed(client):
    request, printed, _ = examples()

    answer = client.post("/api/v1/estimate", json.dumps(request), content_type="application/json")

    assert as_shape(answer.json()) == as_shape(printed)
    assert answer.json()["peak_allocated_bytes"] == pytest.approx(
        printed["peak_allocated_bytes"], rel=0.05
    )


@pytest.mark.django_db
def test_the_example_of_an_error_is_what_is_answered(client):
    *_, printed = examples()

    response = client.post(
        "/api/v1/estimate",
        json.dumps({"params_b": 7, "method": "lora", "settings": {"lora_rank": 0}}),
        content_type="application/json",
    )

    assert response.json() == printed


def test_every_setting_is_listed_with_its_choices_bounds_and_default():
    rows = {
        name: (values, default)
        for name, values, default in SETTING_ROW.findall(DOCS.read_text(encoding="utf-8"))
    }
    plain = TrainingSettings()

    for name in set(TrainingSettings.__dataclass_fields__) - {"method"}:
        values, default = rows[name]
        for choice in CHOICES.get(name, ()):
            assert f"`{choice}`" in values or not choice
        if name in MAXIMUM_OF_FIELD:
            assert values == f"{MINIMUM_OF_FIELD.get(name, 1)} to {MAXIMUM_OF_FIELD[name]:,}"
        assert default.strip("`").strip('"') == as_printed(getattr(plain, name))


def as_printed(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"

"""Schemathesis asks the API by its own document: no server error, no undocumented answer.

`FUZZ_REQUESTS` says how many requests (`make fuzz`); by default a few for each address.
"""

from __future__ import annotations

import os

import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings

from calculator.pages.api.openapi import OPERATIONS, openapi_document

schemathesis = pytest.importorskip("schemathesis", reason="It needs Python 3.11 or newer.")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
GenerationMode = schemathesis.GenerationMode

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "200"))
OF_EACH = max(1, REQUESTS // (len(MODES) * len(OPERATIONS)))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
HELD_TO = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.fixture
def _one_connection():
    """A request at the door of WSGI would close the test's connection, as the site does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def schema():
    schemathesis.checks.load_all_checks()
    found = schemathesis.openapi.from_dict(openapi_document())
    found.app = get_wsgi_application()
    return found


@pytest.mark.django_db
@pytest.mark.usefixtures("_one_connection", "catalog")
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_answer_is_as_documented(schema, mode):
    for asked in OPERATIONS:
        # Without parameters there is nothing that could be asked in a wrong way.
        if asked.names or asked.body or mode is GenerationMode.POSITIVE:
            ask_often(schema[asked.path][asked.method.upper()], mode)


def ask_often(operation, mode) -> None:
    @seed(SEED)
    @settings(
        max_examples=OF_EACH,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        response = case.call(headers={"Host": "localhost", "Accept-Encoding": "identity"})
        case.validate_response(response, checks=HELD_TO)

    ask()

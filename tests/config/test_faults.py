"""Where the database fails, pages say so in words; a mistake of the code stays an error."""

from unittest.mock import patch

import pytest
from django.db import InternalError, OperationalError, connection
from django.test import Client

from config.faults import BUSY, FULL, GONE, NOT_SET_UP, READ_ONLY, fault_of


@pytest.fixture
def visitor():
    return Client(raise_request_exception=False)


@pytest.fixture
def gone():
    with (
        patch.object(connection, "cursor", side_effect=OperationalError("connection refused")),
        patch("calculator.pages.calculator.views.current_catalog", side_effect=OperationalError),
    ):
        yield


@pytest.mark.usefixtures("catalog", "gone")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "It mends itself as soon as the database is back"),
        ("/admin/gpus/gpu/", "nothing was saved, and the catalog is as it was before"),
    ],
)
def test_a_page_says_that_the_database_does_not_answer(visitor, path, words):
    visitor.cookies["sessionid"] = "somebody"

    response = visitor.get(path)

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "no-store" in response.headers["Cache-Control"]
    assert "The database does not answer" in response.text
    assert words in response.text


@pytest.mark.usefixtures("catalog")
def test_the_api_says_it_as_its_other_errors(visitor):
    with patch("calculator.pages.api.views.current_catalog", side_effect=OperationalError("gone")):
        response = visitor.post(
            "/api/v1/estimate", {"params_b": 7, "method": "qlora"}, content_type="application/json"
        )

    assert response.status_code == 503
    (error,) = response.json()["errors"]
    assert error["field"] == "database"
    assert "Try again in 30 seconds" in error["message"]


@pytest.mark.usefixtures("catalog")
def test_the_next_request_after_a_fault_is_answered(visitor):
    with patch("calculator.pages.calculator.views.current_catalog", side_effect=OperationalError):
        assert visitor.get("/").status_code == 503

    assert visitor.get("/").status_code == 200


@pytest.mark.django_db
def test_a_mistake_of_the_code_stays_an_error(visitor):
    with patch(
        "calculator.pages.calculator.views.current_catalog", side_effect=ValueError("a mistake")
    ):
        response = visitor.get("/")

    assert response.status_code == 500
    assert "Something broke" in response.text
    assert "Retry-After" not in response.headers


class DriversError(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def of_postgresql(kind, sqlstate):
    error = kind("in any language")
    error.__cause__ = DriversError(sqlstate)
    return error


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (OperationalError("database or disk is full"), FULL),
        (OperationalError("attempt to write a readonly database"), READ_ONLY),
        (OperationalError("database is locked"), BUSY),
        (OperationalError("no such table: gpus_gpu"), NOT_SET_UP),
        (OperationalError("unable to open database file"), GONE),
        (of_postgresql(OperationalError, "53100"), FULL),
        (of_postgresql(InternalError, "25006"), READ_ONLY),
        (of_postgresql(OperationalError, None), GONE),
        (InternalError("current transaction is aborted"), None),
        (ValueError("database is locked"), None),
        (None, None),
    ],
)
def test_what_an_error_says_of_the_database(error, fault):
    assert fault_of(error) == fault

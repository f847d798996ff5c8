"""Fits, tight and too small on the calculator's page, and runs that nothing holds."""

import pytest
from bs4 import BeautifulSoup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def test_a_run_that_no_number_of_gpus_holds_is_an_answer(client):
    response = client.get("/", {"sequence_length": 10421972, "model": "gpt-oss-120b"})

    assert response.status_code == 200
    assert "No GPU count holds it" in response.content.decode()


def test_a_visitor_s_gpu_has_one_of_three_words_and_tight_is_explained(client):
    response = client.get("/", {"model": "llama-3-1-8b", "gpu": "rtx-4090"})

    line = BeautifulSoup(response.content, "html.parser").select_one("#own-gpu")
    words = [strong.get_text() for strong in line.select("strong")]
    assert set(words) <= {"fits", "tight", "too small"}
    assert ("gives cached blocks back" in line.get_text()) == ("tight" in words)

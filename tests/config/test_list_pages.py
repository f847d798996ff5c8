"""The list pages with the whole catalog: each page of them is light."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    "address",
    ["/gpus/", "/gpus/?page=2", "/gpus/?sort=-cloud_price", "/models/", "/models/?page=2"],
)
def test_a_page_of_a_list_weighs_less_than_60_kilobytes(client: Client, address: str) -> None:
    response = client.get(address)

    assert response.status_code == 200
    assert len(response.content) < 60_000

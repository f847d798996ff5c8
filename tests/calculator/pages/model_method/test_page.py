"""The page of one model and one method, held to the calculator and to the core."""

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.models import MethodPreset
from calculator.words.formatting import format_figure

pytestmark = pytest.mark.usefixtures("catalog")

PATH = "/models/llama-3-1-8b/qlora/"


def soup_of(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return BeautifulSoup(response.content.decode().replace("\u00a0", " "), "html.parser")


def test_the_grid_is_the_cores_estimate_at_each_length_and_batch(client):
    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    rows = soup_of(client, PATH).select(".memory-grid tbody tr")

    assert [row.th.get_text() for row in rows][:3] == ["512", "1,024", "2,048"]
    for row in rows:
        length = int(row.th.get_text().replace(",", ""))
        for batch, cell in zip((1, 2, 4, 8), row.select("td"), strict=True):
            settings = TrainingSettings(method="qlora", sequence_length=length, micro_batch=batch)
            device = estimate(architecture, settings).device_bytes
            figure = format_figure(device.likely, (device.low, device.high))
            assert cell.get_text().startswith(figure.replace("\u00a0", " "))


def test_the_page_says_what_the_calculators_card_says(client):
    page = soup_of(client, PATH)
    card = soup_of(client, "/?model=llama-3-1-8b").select_one("#card-qlora")

    minimum = card.select_one(".card__minimum strong").get_text(strip=True)
    assert minimum in page.select_one(".method-figures").get_text()
    assert card.select_one(".card__number").get_text() in page.select_one("strong").get_text()


def test_gpus_are_those_that_hold_it_and_tight_ones_are_marked(client):
    groups = {
        group.dt.get_text(): group.dd.get_text(" ", strip=True)
        for group in soup_of(client, PATH).select(".holding-gpus > div")
    }

    assert "8 GB" not in groups
    assert "GeForce RTX 4090" in groups["24 GB"]


def test_a_models_page_leads_to_each_of_its_methods(client):
    page = soup_of(client, "/models/llama-3-1-8b/")

    for method in ("full", "lora", "qlora"):
        link = page.select_one(f'a[href="/models/llama-3-1-8b/{method}/"]')
        assert link is not None
        assert client.get(link["href"]).status_code == 200


def test_lengths_end_where_the_models_context_does(client):
    rows = soup_of(client, "/models/gpt-2-xl-1-5b/lora/").select(".memory-grid tbody th")

    assert [row.get_text() for row in rows] == ["512", "1,024"]


@pytest.mark.parametrize(
    "path", ["/models/nothing/qlora/", "/models/llama-3-1-8b/dpo/", "/models/llama-3-1-8b/table/"]
)
def test_what_is_not_there_is_404(client, path):
    assert client.get(path).status_code == 404


def test_a_method_that_is_not_published_has_no_page(client):
    preset = MethodPreset.objects.get(slug="qlora")
    preset.published = False
    preset.save()

    assert client.get(PATH).status_code == 404

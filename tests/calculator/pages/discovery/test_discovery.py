"""What crawlers and feed readers are told, and that it is true."""

import xml.etree.ElementTree as ET

import pytest
from django.utils import timezone

from calculator.models import FaqEntry, LanguageModel
from gpus.models import Gpu
from tests.gpus.price_rows import observe

pytestmark = pytest.mark.usefixtures("catalog")

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def sitemap(client) -> dict[str, str | None]:
    """Every address of the sitemap, with its day."""
    root = ET.fromstring(client.get("/sitemap.xml").content)
    return {
        each.findtext("s:loc", "", SITEMAP): each.findtext("s:lastmod", None, SITEMAP)
        for each in root.findall("s:url", SITEMAP)
    }


def test_the_sitemap_has_every_published_page_once_and_each_opens(client):
    pages = sitemap(client)

    models = {f"http://testserver/models/{model.slug}/" for model in LanguageModel.objects.all()}
    gpus = {f"http://testserver/gpus/{gpu.slug}/" for gpu in Gpu.objects.published()}
    assert models | gpus <= set(pages)
    assert "http://testserver/?size=13" in pages
    # Pages of one kind come from one template: some of each, and all that are alone.
    of_many = [address for address in pages if "/models/" in address or "/gpus/" in address]
    alone = set(pages) - set(of_many)
    for address in (*alone, *sorted(of_many)[::50]):
        assert client.get(address).status_code == 200, address


def test_a_page_changes_with_the_rows_that_it_shows(client):
    before = sitemap(client)
    entry = FaqEntry.objects.first()
    entry.answer += " More."
    entry.save()
    after = sitemap(client)

    changed = {address for address in before if before[address] != after[address]}
    now = timezone.now().date().isoformat()
    assert all(day is None or day == now for day in after.values())
    assert before.keys() == after.keys()
    assert changed <= {a for a in after if "/faq/" in a or "size=" in a or a.endswith("er/")}


def test_what_is_unpublished_leaves_the_sitemap(client):
    Gpu.objects.get(slug="rtx-4090").delete()
    entry = FaqEntry.objects.first()
    entry.published = False
    entry.save()

    pages = sitemap(client)

    assert "http://testserver/gpus/rtx-4090/" not in pages
    assert f"http://testserver/faq/{entry.slug}/" not in pages


def test_robots_are_led_to_the_sitemap(client):
    response = client.get("/robots.txt", headers={"Host": "testserver"})

    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Sitemap: http://testserver/sitemap.xml" in response.content.decode()
    assert "Disallow: /admin/" in response.content.decode()


def test_readers_of_llms_txt_find_every_answer(client):
    text = client.get("/llms.txt").content.decode()

    for entry in FaqEntry.objects.filter(published=True):
        assert f"[{entry.question}](http://testserver/faq/{entry.slug}/)" in text


def test_a_changed_price_is_news(client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    observe(gpu, "buy_street", 1234, timezone.localdate())

    first = ET.fromstring(client.get("/changes.rss").content).find("channel/item")

    assert first.findtext("title") == gpu.name
    assert "To buy: $1,234" in first.findtext("description")
    assert first.findtext("link") == "http://testserver/gpus/rtx-4090/"


def test_an_answer_that_is_renamed_stays_where_it_was_linked_for_ever(client):
    entry = FaqEntry.objects.first()
    first = entry.slug
    for slug in ("second", "third"):
        entry.slug = slug
        entry.save()

    for former in (first, "second"):
        response = client.get(f"/faq/{former}/")
        assert (response.status_code, response.headers["Location"]) == (301, "/faq/third/")
    entry.slug = first
    entry.save()
    assert client.get(f"/faq/{first}/").status_code == 200
    assert client.get("/faq/third/").headers["Location"] == f"/faq/{first}/"
    entry.published = False
    entry.save()
    assert client.get("/faq/third/").status_code == 404

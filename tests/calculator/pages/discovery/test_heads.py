"""What pages say of themselves: unique, whole, valid, and about the page that says it."""

import json
import re
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from calculator.models import FaqEntry

pytestmark = pytest.mark.usefixtures("catalog")

PAGES = [
    "/",
    "/?size=13",
    "/?model=llama-3-1-8b&sequence_length=4096",
    "/inference/",
    "/inference/?size=70",
    "/models/",
    "/models/llama-3-1-8b/",
    "/models/llama-3-1-8b/qlora/",
    "/gpus/",
    "/gpus/rtx-4090/",
    "/fit/",
    "/fit/?model=llama-3-1-70b",
    "/curves/",
    "/compare/",
    "/why/",
    "/import/",
    "/api/",
    "/export/trl/?model=llama-3-1-8b&method=qlora",
    "/faq/",
    "/accuracy/",
    "/methodology/",
]

# What schema.org and search engines ask of each kind; the rest may be there too.
REQUIRED = {
    "WebPage": {"url", "name", "description", "isPartOf"},
    "WebSite": {"name", "url"},
    "ImageObject": {"url"},
    "BreadcrumbList": {"itemListElement"},
    "ListItem": {"position", "name", "item"},
    "WebApplication": {"name", "url", "applicationCategory", "operatingSystem", "offers"},
    "Offer": {"price", "priceCurrency"},
    "Dataset": {"name", "description", "url", "distribution", "creator"},
    "DataDownload": {"contentUrl", "encodingFormat"},
    "Organization": {"name", "url"},
    "FAQPage": {"mainEntity"},
    "Question": {"name", "acceptedAnswer"},
    "Answer": {"text"},
}


def soup_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


@pytest.fixture(scope="module")
def shipped_pages() -> dict[str, bytes]:
    """Pages of the catalog as shipped by address, each drawn once for all tests that only look."""
    return {}


@pytest.fixture
def soup_of_shipped(client, shipped_pages):
    def soup_of_shipped(path):
        if path not in shipped_pages:
            response = client.get(path)
            assert response.status_code == 200, path
            shipped_pages[path] = response.content
        return BeautifulSoup(shipped_pages[path], "html.parser")

    return soup_of_shipped


def meta_of(page) -> dict[str, str]:
    return {
        each.get("property") or each.get("name"): each["content"]
        for each in page.select("meta[property], meta[name]")
    }


def things_of(value):
    """Every thing with a type, however deep it lies."""
    if isinstance(value, dict):
        if "@type" in value:
            yield value
        for each in value.values():
            yield from things_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from things_of(each)


def structured_data_of(page) -> dict:
    [script] = page.select('script[type="application/ld+json"]')
    return json.loads(script.string)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_says_what_it_is(client, soup_of_shipped, path):
    page = soup_of_shipped(path)
    meta = meta_of(page)
    title = " ".join(page.title.string.removesuffix(" · Fine-Tuning VRAM Calculator").split())

    assert 20 <= len(page.title.string) <= 150
    assert 40 <= len(meta["description"]) <= 400
    assert meta["og:title"] == title
    assert meta["og:description"] == " ".join(meta["description"].split())
    assert meta["og:url"] == page.select_one("link[rel=canonical]")["href"]
    assert meta["twitter:card"] == "summary_large_image"
    picture = urlsplit(meta["og:image"])
    assert client.get(f"{picture.path}?{picture.query}").headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("path", PAGES)
def test_structured_data_has_schema_orgs_shapes_and_leads_to_pages_that_open(
    soup_of_shipped, path
):
    data = structured_data_of(soup_of_shipped(path))

    assert data["@context"] == "https://schema.org"
    things = list(things_of(data))
    for thing in things:
        assert REQUIRED[thing["@type"]] <= set(thing), thing["@type"]
    for thing in things:
        if thing["@type"] == "ListItem":
            where = urlsplit(thing["item"])
            assert soup_of_shipped(where.path + (f"?{where.query}" if where.query else ""))
    positions = [each["position"] for each in things if each["@type"] == "ListItem"]
    assert positions == list(range(1, len(positions) + 1))
    # What is typed into the front page leaves it the front page.
    assert (path.partition("?")[0] == "/") == (not positions)


@pytest.mark.parametrize("path", PAGES)
def test_the_visible_path_is_the_one_that_search_engines_are_told(soup_of_shipped, path):
    page = soup_of_shipped(path)
    told = [each for each in things_of(structured_data_of(page)) if each["@type"] == "ListItem"]

    shown = page.select("main > nav.breadcrumb li")
    assert [" ".join(each.get_text().split()) for each in shown] == [each["name"] for each in told]
    links = [each["href"] for each in page.select("main > nav.breadcrumb a")]
    assert links == [each["item"].removeprefix("http://testserver") for each in told[:-1]]
    # It says where the page stands, and the page's own heading is not far.
    assert all(len(name) <= 40 for name in [each["name"] for each in told[:-1]])


def test_every_question_is_there_with_the_answer_that_the_list_shows(client):
    page = soup_of(client, "/faq/")
    [faq] = [each for each in things_of(structured_data_of(page)) if each["@type"] == "FAQPage"]

    questions = [each["name"] for each in faq["mainEntity"]]
    assert questions == [entry.question for entry in FaqEntry.objects.filter(published=True)]
    shown = {" ".join(p.get_text().split()) for p in page.select(".faq-page__entry p")}
    assert {each["acceptedAnswer"]["text"] for each in faq["mainEntity"]} == shown
    assert "{" not in json.dumps([each["acceptedAnswer"] for each in faq["mainEntity"]])[
        1:-1
    ].replace('{"@type"', "")


@pytest.mark.parametrize(
    ("path", "is_indexed"),
    [
        ("/", True),
        ("/?size=13", True),
        ("/?size=13.7", False),
        ("/?size=nonsense", False),
        ("/?model=llama-3-1-8b", False),
        ("/?model=llama-3-1-8b&micro_batch=3", False),
        ("/models/llama-3-1-8b/", True),
        ("/models/?page=2", True),
        ("/models/?size=8", False),
        ("/gpus/?vendor=AMD", False),
        ("/fit/", True),
        ("/fit/?model=llama-3-1-70b", False),
        ("/compare/", False),
        ("/why/?amount=30", False),
    ],
)
def test_what_is_endless_is_not_indexed(soup_of_shipped, path, is_indexed):
    robots = meta_of(soup_of_shipped(path)).get("robots", "")

    assert robots == ("" if is_indexed else "noindex")


def test_nothing_typed_ends_the_structured_data(client):
    page = client.get("/?model=</script><script>alert(1)</script>&size=13").content.decode()
    entry = FaqEntry.objects.first()
    entry.question = 'A & B "</script><script>alert(2)</script>?'
    entry.save()
    answer = client.get(f"/faq/{entry.slug}/").content.decode()

    assert "<script>alert" not in page + answer
    data = structured_data_of(BeautifulSoup(answer, "html.parser"))
    assert entry.question in json.dumps(data, ensure_ascii=False).replace('\\"', '"')


def test_every_page_of_the_sitemap_has_a_title_and_a_description_of_its_own(client):
    addresses = re.findall(r"<loc>(.*?)</loc>", client.get("/sitemap.xml").content.decode())
    # Titles of one kind differ by the name of their row, which the database keeps unique.
    chosen = [a for a in addresses if "/models/" not in a and "/gpus/" not in a]
    chosen += [a for a in addresses if a not in chosen][::25]
    seen: dict[str, str] = {}
    for address in chosen:
        page = client.get(address.replace("&amp;", "&")).content.decode()
        assert 'content="noindex"' not in page, address
        for text in (
            re.search(r"<title>(.*?)</title>", page)[1],
            re.search(r'name="description" content="(.*?)"', page)[1],
        ):
            assert text not in seen, f"{address} and {seen.get(text)}: {text}"
            seen[text] = address

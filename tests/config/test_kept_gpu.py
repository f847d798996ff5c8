"""The visitor's GPU stays in the address, whatever link, form or search is taken."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import Resolver404, get_resolver, resolve

from config.finished import middleware

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

NAME = "2x-rtx-4090"
HX = {"HX-Request": "true"}
SLUGS = {
    "models/<slug:slug>/": "llama-3-1-8b",
    "models/<slug:slug>/<slug:method>/": "llama-3-1-8b",
    "gpus/<slug:slug>/": "h100-sxm-80gb",
    "gpus/<slug:slug>/answers/": "h100-sxm-80gb",
    "faq/<slug:slug>/": "lora-vs-qlora",
    "export/<slug:tool>/": "axolotl",
}
# What answers with no page that somebody reads here, or with one that others embed.
NO_PAGES = re.compile(r"^/(share|embed|api/v1|badge|static|admin|export/.+/.+)(/|$)|\.\w+$")
RUN = "model=llama-3-1-8b&sequence_length=4096"
# Further states of pages, each with links of its own.
ASKED = (
    "/?size=7",
    f"/?{RUN}",
    f"/?{RUN}&gpu_count=2&strategy=zero3",
    f"/fit/?{RUN}&method=qlora",
    f"/curves/?{RUN}",
    f"/export/axolotl/?{RUN}&method=qlora",
    f"/why/?{RUN}&method=qlora&measured=30",
    "/inference/?model=llama-3-1-8b",
    "/compare/?a=model%3Dllama-3-1-8b%26method%3Dlora&b=model%3Dllama-3-1-8b%26method%3Dqlora",
    "/search/?q=llama",
    "/models/?search=qwen",
    "/gpus/?search=zzz",
    "/nowhere/",
    "/models/nowhere/",
)


def _public_paths(resolver=None, prefix=""):
    """Every page without a parameter, and one of each kind that has some: a new one is asked too."""
    for each in (resolver or get_resolver()).url_patterns:
        pattern = f"{prefix}{each.pattern}"
        if pattern.startswith("admin/"):
            continue
        if hasattr(each, "url_patterns"):
            yield from _public_paths(each, pattern)
        elif not NO_PAGES.search(f"/{pattern}") and hasattr(each.callback, "public"):
            path = pattern.replace("<slug:method>", "qlora")
            yield "/" + re.sub(r"<slug:(slug|tool)>", SLUGS.get(pattern, ""), path)


class Links(HTMLParser):
    """Where a page leads: links, what htmx asks for, and forms with their hidden fields."""

    def __init__(self, html):
        super().__init__()
        self.hrefs, self.fetched, self.forms = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a":
            self.hrefs.append(values.get("href", ""))
        if tag == "form":
            self.forms.append((values.get("action", ""), values.get("method", ""), {}))
        elif "hx-get" in values:
            self.fetched.append(values["hx-get"])
        if "name" in values and self.forms:
            self.forms[-1][2].setdefault(values["name"], values.get("value", ""))


def links_of(client, path, status=200):
    view = _view_of(urlsplit(path).path)
    is_fragment = view is not None and view.public.is_fragment
    response = client.get(path, headers=HX if is_fragment else {})
    assert response.status_code == status, path
    return Links(response.content.decode())


def _view_of(path):
    try:
        return resolve(path).func
    except Resolver404:
        return None


def asked_gpu(address):
    return parse_qs(urlsplit(address).query).get("gpu")


def is_page(address):
    return address.startswith("/") and not NO_PAGES.search(urlsplit(address).path)


def pages():
    return [*_public_paths(), *ASKED]


def with_gpu(path):
    return f"{path}{'&' if '?' in path else '?'}gpu={NAME}"


def status_of(path):
    return 404 if "nowhere" in path else 200


def test_every_link_and_form_of_every_page_keeps_the_gpu_and_none_makes_one_up(client):
    seen = set()
    for path in pages():
        found = links_of(client, with_gpu(path), status_of(path))
        without = links_of(client, path, status_of(path))
        # A GPU's own page asks about that GPU.
        own_page = ["h100-sxm-80gb"] if path.startswith("/gpus/h100") else []
        for address in (*found.hrefs, *found.fetched):
            if is_page(address):
                assert asked_gpu(address) in ([NAME], own_page), (path, address)
                seen.add(urlsplit(address).path)
        for action, method, fields in found.forms:
            assert "gpu" in fields or asked_gpu(action), (path, action)
            assert method == "get" or asked_gpu(action), (path, action)
        for address in (*without.hrefs, *without.fetched):
            assert asked_gpu(address) in (None, own_page), (path, address)
    # Each kind of page is linked from somewhere.
    assert len(seen) > 100
    assert {"/", "/faq/", "/search/", "/methodology/", "/api/", "/import/", "/models/"} <= seen


def test_what_is_no_link_never_has_it(client):
    for path in ("/faq/", "/gpus/", "/models/llama-3-1-8b/", "/?size=7", "/compare/"):
        html = client.get(with_gpu(path)).content.decode()
        for link in re.findall(r"<(?:link|meta|script)[^>]*>(?:[^<]*</script>)?", html):
            assert "gpu=" not in link, (path, link)
    for path in ("/sitemap.xml", "/changes.rss", "/llms.txt"):
        assert "gpu=rtx" not in client.get(f"{path}?gpu=rtx-4090").content.decode()


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/compare/?add=1&model=qwen3-4b&method=lora&on_gpu=rtx-3090", "/compare/"),
        ("/fragments/model-list/?search=qwen", "/models/"),
    ],
)
def test_a_redirect_keeps_it(client, path, leads_to):
    location = client.get(with_gpu(path))["Location"]

    assert urlsplit(location).path == leads_to
    assert asked_gpu(location) == [NAME]


def test_the_address_that_htmx_pushes_keeps_it(client):
    pushed = client.get("/fragments/model-list/?search=qwen&gpu=2x+3090", headers=HX)[
        "HX-Push-Url"
    ]

    assert pushed == "/models/?search=qwen&gpu=2x-rtx-3090"


def test_a_page_that_only_keeps_it_is_kept_once_for_every_way_to_type_it(client):
    sizes = []
    for name in ("rtx-4090", "RTX 4090", "4090"):
        html = client.get("/faq/", {"gpu": name}).content.decode()
        assert 'href="/methodology/?gpu=rtx-4090"' in html
        sizes.append(middleware.STORE.size_bytes)
    assert len(set(sizes)) == 1


def test_a_name_that_means_no_gpu_is_the_page_without_it_and_makes_no_other(client):
    plain = client.get("/faq/")
    size = middleware.STORE.size_bytes
    for name in ("voodoo", "a100", "9" * 300, "<b>"):
        response = client.get("/faq/", {"gpu": name})

        assert response.content == plain.content
        assert response["ETag"] == plain["ETag"]
    assert middleware.STORE.size_bytes == size


def test_the_page_of_a_broken_site_keeps_it_too(client, monkeypatch):
    def broken(*args, **more):
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("calculator.faq.views.present_faq", broken)
    client.raise_request_exception = False

    response = client.get("/faq/?gpu=rtx-4090")

    assert response.status_code == 500
    assert b'href="/?gpu=rtx-4090"' in response.content

"""Our pages embed nothing of others (COEP), and others' pages only what is made for that (CORP)."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

WIDTH_OF = """address => new Promise(resolve => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth);
    image.onerror = () => resolve(0);
    image.src = address;
})"""
FONTS = "document.fonts.ready.then(() => [...document.fonts].map(font => font.status))"


class Blog(BaseHTTPRequestHandler):
    """Another site's page, which is isolated as ours are."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(b'<title>A blog</title><link rel="icon" href="data:,">')

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def blog():
    server = HTTPServer(("127.0.0.1", 0), Blog)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_is_isolated_and_has_its_font_and_its_icon(page):
    page.goto("/faq/lora-vs-qlora/")

    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert page.evaluate("crossOriginIsolated")
    assert page.evaluate(FONTS) == ["loaded"]
    assert page.evaluate(WIDTH_OF, icon) > 0


def test_another_site_may_show_the_share_picture_and_nothing_else(page, site, problems, blog):
    problems.expect(f"request to another host: {blog}")
    problems.expect("ERR_BLOCKED_BY_RESPONSE")

    page.goto(blog)

    assert page.evaluate(WIDTH_OF, f"{site}/share/training.png?size=7") == 1200
    assert page.evaluate(WIDTH_OF, f"{site}/static/img/icon.svg") == 0

"""The site as `make run` serves it: gunicorn, hashed and compressed files, its own database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LARGEST_FIRST_VISIT_BYTES = 60_000


@pytest.fixture(scope="module")
def served_site(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "PORT": str(port),
        "WEB_CONCURRENCY": "1",
    }
    environment.pop("DATABASE_URL", None)

    def manage(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True
        )

    manage("migrate", "--verbosity=0")
    manage("load_catalog", "--verbosity=0")
    manage("collectstatic", "--noinput", "--verbosity=0")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn"),
            *("--config", "config/gunicorn.conf.py", "config.wsgi"),
        ],
        cwd=ROOT,
        env=environment,
    )
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/healthz", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_until_it_answers(url: str, server: subprocess.Popen) -> None:
    for _ in range(200):
        assert server.poll() is None, "gunicorn stopped by itself"
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("gunicorn did not answer within 20 seconds")


def test_a_first_visit_transfers_at_most_60_kilobytes(browser, served_site):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    requests = []
    page.on("requestfinished", lambda request: requests.append(request))

    page.goto(f"{served_site}/", wait_until="networkidle")

    sizes = {request.url: request.sizes()["responseBodySize"] for request in requests}
    context.close()
    assert any("htmx" in url for url in sizes)
    assert any(url.endswith(".woff2") for url in sizes)
    assert sum(sizes.values()) <= LARGEST_FIRST_VISIT_BYTES, sizes


def test_static_files_are_compressed_and_kept_for_ever(browser, served_site):
    context = browser.new_context()
    page = context.new_page()
    responses = []
    page.on("response", lambda response: responses.append(response))

    page.goto(f"{served_site}/", wait_until="networkidle")

    scripts_and_styles = [r for r in responses if r.url.endswith((".css", ".js"))]
    assert len(scripts_and_styles) >= 4
    for response in scripts_and_styles:
        headers = response.all_headers()
        assert headers["content-encoding"] in {"gzip", "br"}, response.url
        assert "immutable" in headers["cache-control"], response.url
    context.close()

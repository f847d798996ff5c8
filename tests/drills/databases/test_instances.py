"""Two instances on one PostgreSQL and one Redis behind nginx, and what they answer after an edit."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager

import pytest

from tests import services
from tests.drills.databases.conftest import ROOT, copy_of, need
from tests.drills.site import COLLECT

PATHS = ("/", "/gpus/", "/?model=llama-3-1-8b", "/fit/?model=llama-3-1-8b&method=qlora")
# A process follows an editor within CATALOG_CHECK_SECONDS, one; the bar is two.
SECONDS_AFTER_AN_EDIT = 2


@contextmanager
def instance(site):
    port = services.free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.conf.py", "config.wsgi"],
        cwd=ROOT,
        env=site.environment | {"PORT": str(port), "WEB_CONCURRENCY": "1"},
    )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def answer(address: str, path: str) -> tuple[bytes, str | None]:
    # The same Host for all, as links in a page may name it.
    request = urllib.request.Request(f"http://{address}{path}", headers={"Host": "localhost"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read(), response.headers["ETag"]


def wait_for(address: str) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            answer(address, "/healthz")
        except OSError:
            assert time.monotonic() < until, f"{address} did not answer"
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def behind_nginx(loaded, postgresql_url, tmp_path):
    """A site on PostgreSQL, the addresses of its two instances, nginx's, and its Redis."""
    need("redis-server", "nginx")
    with ExitStack() as stack:
        site = stack.enter_context(copy_of(loaded["postgresql"], postgresql_url, tmp_path))
        redis = stack.enter_context(ExitStack())
        site.environment["CACHE_URL"] = redis.enter_context(services.redis())
        site.environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
        collecting = site.start("-c", f"import django\ndjango.setup()\n{COLLECT}")
        assert collecting.communicate(timeout=120)[1] == ""
        instances = [stack.enter_context(instance(site)) for _ in range(2)]
        nginx = stack.enter_context(services.nginx(*instances)).removeprefix("http://")
        for address in (*instances, nginx):
            wait_for(address)
        yield site, (*instances, nginx, nginx), redis


def test_they_answer_byte_for_byte_alike_two_seconds_after_an_edit_with_and_without_redis(
    behind_nginx,
):
    site, addresses, redis = behind_nginx
    shown = {path: {answer(address, path) for address in addresses} for path in PATHS}
    assert {path: len(answers) for path, answers in shown.items()} == dict.fromkeys(PATHS, 1)

    site.sql(
        "UPDATE gpus_gpu SET short_name = 'RTX 4090 of the drill', updated_at = now()"
        " WHERE slug = 'rtx-4090'"
    )
    time.sleep(SECONDS_AFTER_AN_EDIT)

    after = {path: {answer(address, path) for address in addresses} for path in PATHS}
    assert {path: len(answers) for path, answers in after.items()} == dict.fromkeys(PATHS, 1)
    assert all(b"RTX 4090 of the drill" in body for body, _ in after["/"])

    # The cache dies: the same bytes, drawn by each for itself.
    redis.close()
    alone = {path: {answer(address, path) for address in addresses} for path in PATHS}
    assert alone == after
    unheard_of = "/?model=llama-3-1-8b&sequence_length=3333"
    began = time.monotonic()
    assert len({answer(address, unheard_of) for address in addresses}) == 1
    assert time.monotonic() - began < 30

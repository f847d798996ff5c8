"""Finished pages through the site's public face: what is kept, for whom and how long."""

from __future__ import annotations

import datetime as dt
import gzip
import re
import threading
import time
from contextlib import contextmanager

import brotli
import pytest
from django.core.cache import caches
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from calculator.models import FaqEntry
from calculator.pages.calculator import views
from calculator.serving import row_versions
from calculator.serving.row_versions import ROW_VERSION, RowVersion
from config.finished import middleware
from gpus.models import Gpu

pytestmark = pytest.mark.usefixtures("catalog")

HX = {"HX-Request": "true"}


def headers_of(response) -> dict[str, str]:
    """All that is the same for everybody who gets the answer: a request's id is not."""
    return {name: value for name, value in response.items() if name != "X-Request-ID"}


@pytest.fixture
def drawn(monkeypatch):
    """The addresses that the calculator really drew, in order."""
    present, paths = views.present_calculator, []

    def present_and_note(catalog, query, **more):
        paths.append(dict(query))
        return present(catalog, query, **more)

    monkeypatch.setattr(views, "present_calculator", present_and_note)
    return paths


def test_a_page_is_drawn_once_and_then_the_same_bytes(client, drawn):
    first, second = client.get("/?size=13"), client.get("/?size=13")

    assert first.content == second.content
    assert headers_of(first) == headers_of(second)
    assert drawn == [{"size": "13"}]


def test_known_names_in_any_order_meet_and_unknown_ones_ask_nothing_new(client, drawn):
    for query in (
        "model=llama-3-1-8b&micro_batch=2",
        "micro_batch=2&model=llama-3-1-8b",
        "utm_source=front-page&micro_batch=2&model=llama-3-1-8b&fbclid=1",
    ):
        assert client.get(f"/?{query}").status_code == 200

    assert drawn == [{"micro_batch": "2", "model": "llama-3-1-8b"}]


def test_every_name_that_the_page_itself_links_to_is_known(client):
    """A name that a view reads and does not state would be lost: its page would not change."""
    page = client.get("/?model=llama-3-1-8b&gpu=rtx-4090&micro_batch=2").content.decode()

    assert "RTX 4090" in page
    assert 'value="2"' in page
    for link in set(re.findall(r'href="(/(?:fit|why|curves|compare)/\?[^"]+)"', page)):
        assert client.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize(
    ("accepts", "decode", "encoding"),
    [
        ("gzip, deflate, br", brotli.decompress, "br"),
        ("gzip", gzip.decompress, "gzip"),
        ("br;q=0, *", gzip.decompress, "gzip"),
        ("identity", bytes, None),
        ("gzip;q=nonsense", bytes, None),
    ],
)
def test_each_reader_gets_an_encoding_that_it_takes(client, accepts, decode, encoding):
    plain = client.get("/faq/").content
    for _ in range(2):
        response = client.get("/faq/", headers={"Accept-Encoding": accepts})

        assert response.headers.get("Content-Encoding") == encoding
        assert decode(response.content) == plain
        assert int(response.headers["Content-Length"]) == len(response.content)
        assert response.headers["Vary"] == "Accept-Encoding"


def test_a_reader_who_has_the_page_is_told_so(client):
    etag = client.get("/", headers={"Accept-Encoding": "br"}).headers["ETag"]
    again = {"Accept-Encoding": "br", "If-None-Match": etag}

    response = client.get("/", headers=again)
    weak = client.get("/", headers={**again, "If-None-Match": f'"x", W/{etag}'})
    other = client.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": etag})

    assert (response.status_code, response.content) == (304, b"")
    assert {"ETag", "Cache-Control", "Vary"} <= set(response.headers)
    assert weak.status_code == 304
    # Other bytes: a strong validator does not hold for them.
    assert other.status_code == 200


def test_a_cache_in_between_may_keep_it_for_less_than_a_minute(client):
    directives = dict(
        re.findall(r"([\w-]+)(?:=(\d+))?", client.get("/gpus/").headers["Cache-Control"])
    )

    assert "public" in directives
    assert directives["max-age"] == "0"
    assert int(directives["s-maxage"]) + int(directives["stale-while-revalidate"]) < 60
    assert int(directives["stale-if-error"]) >= 3600


def test_head_answers_as_get_without_the_body(client):
    got, head = client.get("/faq/"), client.head("/faq/")

    assert head.content == b""
    assert headers_of(head) == headers_of(got)
    assert client.get("/faq/").content == got.content


def test_an_edit_makes_a_new_page_and_a_new_validator(client):
    before = client.get("/gpus/rtx-4090/")
    gpu = Gpu.objects.get(slug="rtx-4090")
    gpu.name = "RTX 4090 of tomorrow"
    gpu.save()

    after = client.get("/gpus/rtx-4090/")

    assert b"of tomorrow" in after.content
    assert after.headers["ETag"] != before.headers["ETag"]


def test_visitors_follow_an_edit_within_the_set_time_and_editors_at_once(
    client, admin_client, settings, monkeypatch
):
    settings.CATALOG_CHECK_SECONDS = 1
    clock = time.monotonic() + 3600
    monkeypatch.setattr("calculator.serving.row_versions.time.monotonic", lambda: clock)
    assert b"of tomorrow" not in client.get("/gpus/rtx-4090/").content
    gpu = Gpu.objects.get(slug="rtx-4090")
    gpu.name = "RTX 4090 of tomorrow"
    gpu.save()

    assert b"of tomorrow" not in client.get("/gpus/rtx-4090/").content
    editors = admin_client.get("/gpus/rtx-4090/")
    assert b"of tomorrow" in editors.content
    assert editors.headers["Cache-Control"] == "private, no-cache"
    clock += 1.01
    assert b"of tomorrow" in client.get("/gpus/rtx-4090/").content


def test_a_fragment_is_kept_for_htmx_and_by_hand_leads_to_its_page(client):
    fragments = [client.get("/fragments/training/?size=13", headers=HX) for _ in range(2)]
    by_hand = client.get("/fragments/training/?size=13")

    assert fragments[0].content == fragments[1].content
    assert fragments[1].headers["HX-Push-Url"] == "/?size=13"
    assert fragments[1].headers["Vary"] == "Accept-Encoding, HX-Request"
    assert by_hand.headers["Location"] == "/?size=13"
    assert by_hand.headers.get("Cache-Control") is None


@pytest.mark.parametrize("path", ["/nowhere/", "/faq/nowhere/", "/admin/login/", "/healthz"])
def test_errors_and_the_admin_are_never_kept(client, path):
    client.get(path)

    assert middleware.STORE.size_bytes == 0
    assert "public" not in client.get(path).headers.get("Cache-Control", "")


def test_an_unknown_host_is_refused_and_gets_no_kept_page(client):
    client.get("/")

    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400


def test_a_post_is_answered_anew(client):
    body = {"params_b": 7, "method": "qlora"}

    response = client.post("/api/v1/estimate", body, content_type="application/json")

    assert response.status_code == 200
    assert middleware.STORE.size_bytes == 0


def test_prices_age_by_the_day(client, monkeypatch, drawn):
    client.get("/")
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: tomorrow)
    client.get("/")

    assert len(drawn) == 2


def test_pages_go_on_while_the_database_is_away_and_recover_by_themselves(
    client, monkeypatch, caplog
):
    kept = client.get("/gpus/").content

    def gone(self):
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.cursor", gone)
        assert client.get("/gpus/").content == kept
        # Not asked for before, so drawn now, from the rows as they last were.
        assert client.get("/?model=llama-3-1-8b&micro_batch=3").status_code == 200
        assert client.get("/fit/?model=llama-3-1-8b").status_code == 200
        assert ROW_VERSION.seconds_failing > 0
    assert client.get("/gpus/").content == kept

    assert ROW_VERSION.seconds_failing == 0
    messages = [
        record.getMessage()
        for record in caplog.records
        # A busy machine's slow requests are logged too.
        if record.name == ROW_VERSION.__module__
    ]
    assert [text.split(";")[0].split(" after")[0] for text in messages] == [
        "The database does not answer",
        "The database answers again",
    ]


def test_rows_that_cannot_be_loaded_leave_the_last_whole_snapshot(client, monkeypatch):
    kept = client.get("/faq/").content
    entry = FaqEntry.objects.first()
    entry.question = "Is it seen?"
    entry.save()

    with monkeypatch.context() as patch:

        def gone():
            raise OperationalError("gone half way")

        patch.setattr("calculator.catalog.published_figures", gone)
        assert client.get("/faq/").content == kept
    assert b"Is it seen?" in client.get("/faq/").content


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_the_same_cold_page_have_it_drawn_once(monkeypatch, drawn):
    present = views.present_calculator

    def slowly(*args, **more):
        time.sleep(0.3)
        return present(*args, **more)

    monkeypatch.setattr(views, "present_calculator", slowly)
    bodies = []

    def ask() -> None:
        bodies.append(Client().get("/?size=33").content)
        connection.close()  # as at the end of each request of the site

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len(set(bodies)) == 1
    assert len(drawn) == 1


@pytest.fixture
def shared(settings):
    """A second level, as instances have it with `CACHE_URL`."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.FINISHED_PAGES_SHARED_CACHE = "default"
    caches["default"].clear()


@pytest.mark.usefixtures("shared")
def test_an_instance_takes_what_another_one_drew(drawn):
    one = Client().get("/?size=13", headers={"Accept-Encoding": "br"})
    middleware.STORE.clear()  # what another instance starts with
    another = Client().get("/?size=13", headers={"Accept-Encoding": "br"})

    assert another.content == one.content
    assert headers_of(another) == headers_of(one)
    assert len(drawn) == 1


@pytest.mark.usefixtures("shared")
def test_a_shared_cache_that_fails_is_left_alone_for_a_while(monkeypatch, caplog):
    asked = []

    def refuse(self, *args, **more):
        asked.append(args)
        raise ConnectionError("refused")

    for method in ("get", "set"):
        monkeypatch.setattr(f"django.core.cache.backends.locmem.LocMemCache.{method}", refuse)
    client = Client()
    pages = [client.get(f"/?size={size}") for size in (7, 8, 9)]

    assert [page.status_code for page in pages] == [200] * 3
    assert len(asked) == 1
    assert "refused" in caplog.text


class SlowDatabase:
    """One whose second answer takes until it `may_answer`; each answer is another one."""

    vendor, settings_dict = "sqlite", {"NAME": "slow"}

    def __init__(self) -> None:
        self.asked_count = 0
        self.is_asked_again, self.may_answer = threading.Event(), threading.Event()

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, *statement) -> None:
        self.asked_count += 1

    def fetchall(self):
        answer = self.asked_count
        if answer == 2:
            self.is_asked_again.set()
            assert self.may_answer.wait(10)
        return [(answer,)]


def test_who_comes_while_a_long_idle_process_reads_the_version_waits_for_it(settings, monkeypatch):
    settings.CATALOG_CHECK_SECONDS = 0.1
    database, version, answers = SlowDatabase(), RowVersion(), []
    version.watch(Gpu)
    monkeypatch.setattr(row_versions, "connection", database)
    from_long_ago = version.current()
    time.sleep(0.3)

    def ask() -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(version.current()))
        thread.start()
        return thread

    first = ask()
    assert database.is_asked_again.wait(10)
    others = [ask() for _ in range(3)]
    time.sleep(0.1)
    database.may_answer.set()
    for each in (first, *others):
        each.join(10)

    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert from_long_ago not in answers
    assert database.asked_count == 2

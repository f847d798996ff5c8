"""Looks at GPUs' pages: counted in memory, written down aside, kept while that is impossible."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError
from django.utils import timezone

from gpus.looks import counting
from gpus.looks.counting import LOOKS, LookCounter
from gpus.looks.models import GpuLooks, recent_looks
from gpus.models import Gpu

pytestmark = pytest.mark.usefixtures("catalog")


@pytest.fixture(autouse=True)
def counter(monkeypatch):
    counter = LookCounter()
    monkeypatch.setattr("config.looks.LOOKS", counter)
    return counter


def looks(slug="rtx-4090"):
    found = GpuLooks.objects.filter(gpu__slug=slug).first()
    return 0 if found is None else found.count


def test_looks_are_counted_by_the_month_also_at_pages_that_are_kept(client, counter):
    for _ in range(3):
        assert client.get("/gpus/rtx-4090/").status_code == 200
    assert looks() == 0

    counter.write()
    client.get("/gpus/rtx-4090/?method=lora")
    counter.write()

    assert looks() == 4
    assert GpuLooks.objects.get().month == timezone.localdate().replace(day=1)


def test_what_is_no_look_is_not_counted(client, admin_client, counter):
    client.get("/gpus/no-such-gpu/")
    client.get("/gpus/")
    client.get("/gpus/rtx-4090/answers/", headers={"HX-Request": "true"})
    admin_client.get("/gpus/rtx-4090/")

    counter.write()

    assert not GpuLooks.objects.exists()


def test_a_visitors_request_asks_the_database_nothing_more(client, django_assert_num_queries):
    client.get("/gpus/rtx-4090/")

    # Whether the rows are still the same, as before.
    with django_assert_num_queries(1):
        client.get("/gpus/rtx-4090/")


def test_looks_wait_in_memory_while_the_database_is_read_only(counter, monkeypatch, caplog):
    counter.seen("rtx-4090")

    def refuse(counts):
        raise OperationalError("attempt to write a readonly database")

    with monkeypatch.context() as patch:
        patch.setattr(counting, "_add", refuse)
        counter.write()
        counter.seen("rtx-4090")
        counter.write()
    counter.write()

    assert looks() == 2
    # Said once, not each minute.
    assert len(caplog.records) == 1


def test_a_thread_writes_them_down_without_being_asked(counter, settings, monkeypatch):
    written = threading.Event()
    monkeypatch.setattr(counting, "_add", lambda counts: written.set())
    monkeypatch.setattr(counting.connection, "close", lambda: None)
    settings.LOOKS_WRITE_SECONDS = 0.01

    counter.seen("rtx-4090")

    assert written.wait(10)
    # It goes on waiting, and has nothing more to write.
    settings.LOOKS_WRITE_SECONDS = 3600


def test_recent_looks_leave_out_what_is_long_past(counter):
    gpu = Gpu.objects.get(slug="rtx-4090")
    today = timezone.localdate()
    GpuLooks.objects.create(gpu=gpu, month=today.replace(day=1), count=3)
    GpuLooks.objects.create(gpu=gpu, month=today.replace(year=today.year - 1, day=1), count=50)

    rows = Gpu.objects.annotate(n=recent_looks("pk", today)).values_list("slug", "n")

    assert dict(rows)["rtx-4090"] == 3
    assert dict(rows)["h200-sxm"] == 0


def test_the_sites_own_counter_starts_no_thread_in_tests():
    LOOKS.seen("rtx-4090")

    assert LOOKS._thread is None

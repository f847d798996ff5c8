"""A feed's file becomes prices that an editor looks at; an address leads to the public internet alone."""

from __future__ import annotations

import http.server
import io
import socket
import threading
import zipfile

import pytest
from django.core.management import CommandError, call_command

from calculator.bulk.feeds import fetching, files
from calculator.bulk.feeds.fetching import Unfetchable, fetch, public_address
from calculator.bulk.models import BulkImport, PriceFeed
from calculator.bulk.waiting import Waiting
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from tests.gpus.price_rows import observe

# Made by hand in the catalog's format: the H100 is cheapest in the node of eight, and the last two
# rows are no GPUs that a price can be of.
GPUHUNT = """\
instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags,cpu_arch,provider_data
NVIDIA GeForce RTX 4090,EU-1,0.69,16,62,1,RTX4090,24.0,False,,nvidia,,x86,{}
NVIDIA GeForce RTX 4090,EU-1,0.34,16,62,1,RTX4090,24.0,True,,nvidia,,x86,{}
NVIDIA H100 80GB HBM3,US-1,2.99,20,125,1,H100,80.0,False,,nvidia,,x86,{}
NVIDIA H100 80GB HBM3,US-1,21.52,160,1000,8,H100,80.0,False,,nvidia,,x86,{}
NVIDIA K80,US-1,0.10,8,32,1,K80,12.0,False,,nvidia,,x86,{}
v5litepod-1,US-1,1.20,24,48,1,v5litepod-1,16.0,False,,google,,x86,{}
cpu3c-2-4,US-1,0.06,2,4,0,,,False,,,,x86,{}
"""


@pytest.fixture
def feed(small_catalog) -> PriceFeed:
    return PriceFeed.objects.create(
        name="RunPod by gpuhunt",
        address="https://prices.example.com/v3/runpod",
        provider="RunPod",
        is_on=True,
    )


@pytest.fixture
def served(monkeypatch) -> dict[str, bytes]:
    """What the addresses answer."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("runpod.csv", GPUHUNT)
    answers = {
        "https://prices.example.com/v3/runpod/version": b"20261127-1\n",
        "https://prices.example.com/v3/runpod/20261127-1/catalog.zip": file.getvalue(),
    }

    def answer(address: str, *, most_bytes: int) -> bytes:
        if address not in answers:
            raise Unfetchable(f"The address answers with status 404: {address}.")
        return answers[address]

    monkeypatch.setattr(files, "fetch", answer)
    return answers


def runpods() -> list[tuple[str, str, float]]:
    rows = PriceObservation.objects.filter(provider="RunPod").order_by("gpu", "kind")
    return [(row.gpu.slug, row.kind, float(row.usd)) for row in rows]


PRICES = [
    ("rtx-4090", "rent_on_demand", 0.69),
    ("rtx-4090", "rent_spot", 0.34),
    ("h100", "rent_on_demand", 2.69),
]


def test_a_feeds_prices_wait_for_an_editor(feed, served, admin_client):
    call_command("read_price_feeds", verbosity=0)

    assert runpods() == []
    waiting = BulkImport.objects.get()
    page = admin_client.get(f"/admin/bulk/{waiting.pk}/")
    assert page.context["plan"].in_words == "3 added, 0 changed, 0 unchanged, 1 left out"
    admin_client.post(
        f"/admin/bulk/{waiting.pk}/",
        {"confirm": "", "fingerprint": page.context["plan"].fingerprint},
    )
    assert runpods() == PRICES


def test_a_trusted_feeds_prices_go_live_unless_one_is_odd(feed, served):
    feed.is_trusted = True
    feed.save()

    call_command("read_price_feeds", verbosity=0)

    assert runpods() == PRICES
    PriceObservation.objects.filter(provider="RunPod", kind="rent_spot").update(
        usd=30, checked_on="2026-11-01"
    )
    call_command("read_price_feeds", verbosity=0)
    assert BulkImport.objects.filter(applied_at=None).count() == 1
    assert ("rtx-4090", "rent_spot", 0.34) not in runpods()


def test_an_offer_that_ended_comes_back_by_a_trusted_feed_only_once_an_editor_says_so(
    feed, served
):
    feed.is_trusted = True
    feed.save()
    gpu = Gpu.objects.get(slug="rtx-4090")
    gone = {"provider": "RunPod", "ended_on": "2026-11-20"}
    observe(gpu, "rent_spot", "0.36", "2026-11-01", **gone)

    call_command("read_price_feeds", verbosity=0)

    assert not gpu.prices.current().filter(kind="rent_spot").exists()
    plan = Waiting.of(BulkImport.objects.get(applied_at=None)).plan()
    assert [change.warnings for change in plan.changes if change.warnings] == [
        ("It was no longer offered since 20 Nov 2026: is it again?",)
    ]


def test_a_feed_that_is_off_is_not_read(feed, served):
    feed.is_on = False
    feed.save()

    call_command("read_price_feeds", verbosity=0)

    assert not BulkImport.objects.exists()


def test_a_feed_that_cannot_be_read_says_so_and_fails_the_job(feed, served):
    served.clear()

    with pytest.raises(CommandError, match="RunPod by gpuhunt"):
        call_command("read_price_feeds", verbosity=0)

    feed.refresh_from_db()
    assert "status 404" in feed.last_outcome


@pytest.mark.parametrize(
    "address",
    [
        "http://prices.example.com/",
        "file:///etc/passwd",
        "ftp://prices.example.com/x",
        "https:///nowhere",
        "https://user:secret@prices.example.com/",
        "https://prices.example.com:8443/",
    ],
)
def test_only_plain_https_addresses_are_asked(address):
    with pytest.raises(Unfetchable):
        fetch(address, most_bytes=100)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "2002:0a00:0001::",
        "64:ff9b::a00:1",
        "::",
    ],
)
def test_a_name_that_leads_into_a_private_network_is_not_asked(ip, monkeypatch):
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    both = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443)),
        (family, socket.SOCK_STREAM, 6, "", (ip, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: both)

    with pytest.raises(Unfetchable, match="private network"):
        fetch("https://prices.example.com/", most_bytes=100)


def test_a_public_name_is_asked_at_the_address_that_was_looked_at(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **named: found)

    assert public_address("prices.example.com") == "93.184.215.14"


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = {"/moved": 302, "/gone": 404}.get(self.path, 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "https://127.0.0.1/secret")
        self.end_headers()
        self.wfile.write(b"x" * 1000)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    """A server in the place of the public one: the connection alone is another."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()

        def connect(self) -> None:
            self.sock = socket.create_connection(running.server_address)

        monkeypatch.setattr(fetching._PublicConnection, "connect", connect)
        yield
        running.shutdown()


def test_an_answer_is_had_whole_or_not_at_all(server):
    assert fetch("https://prices.example.com/file", most_bytes=1000) == b"x" * 1000
    with pytest.raises(Unfetchable, match="more than 999 bytes"):
        fetch("https://prices.example.com/file", most_bytes=999)
    with pytest.raises(Unfetchable, match="takes too long"):
        fetch("https://prices.example.com/file", most_bytes=1000, seconds=1e-9)


def test_an_answer_that_leads_elsewhere_is_not_followed(server):
    with pytest.raises(Unfetchable, match="leads on to https://127"):
        fetch("https://prices.example.com/moved", most_bytes=1000)
    with pytest.raises(Unfetchable, match="status 404"):
        fetch("https://prices.example.com/gone", most_bytes=1000)

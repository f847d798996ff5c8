"""PostgreSQL that goes away and comes back, as seen through an address that is cut."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests import services
from tests.drills.site import INSTALL, SESSION_FILE, Site, run_python, wait_until
from tests.services import free_port


class Line:
    """A way to a server that can be cut: everybody connected is thrown out, nobody comes in."""

    def __init__(self, to: int) -> None:
        self.to, self.port = to, free_port()
        self.connected: list[socket.socket] = []
        self.mend()

    def mend(self) -> None:
        self.entrance = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._let_in, args=[self.entrance], daemon=True).start()

    def cut(self) -> None:
        for each in (self.entrance, *self.connected):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.connected.clear()

    def _let_in(self, entrance: socket.socket) -> None:
        while True:
            try:
                one, _ = entrance.accept()
            except OSError:
                return
            other = socket.create_connection(("127.0.0.1", self.to))
            self.connected += [one, other]
            for pair in ((one, other), (other, one)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while said := source.recv(65_536):
                sink.sendall(said)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def postgresql():
    try:
        services.install("postgres")
    except services.Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    with services.postgresql() as url:
        yield url


def test_pages_go_on_without_the_database_and_editors_are_told(postgresql, installation, tmp_path):
    parts = urlsplit(postgresql)
    line = Line(parts.port)
    address = parts.netloc.replace(str(parts.port), str(line.port))
    url = urlunsplit(parts._replace(netloc=address))
    shutil.copytree(installation / "static", tmp_path / "static")
    done = run_python(tmp_path, "-c", INSTALL, DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    editor = {"Cookie": f"sessionid={(tmp_path / SESSION_FILE).read_text()}"}
    with Site(tmp_path, more={"DATABASE_URL": url}) as site:
        assert site.get("/").status == 200
        assert site.get("/readyz").status == 200

        line.cut()

        assert {site.get("/?model=llama-3-1-8b").status for _ in range(10)} == {200}
        assert site.get("/healthz").status == 200
        assert "does not answer" in site.get("/readyz").text
        refused = site.get("/admin/gpus/gpu/", **editor)
        assert refused.status == 503
        assert "The database does not answer" in refused.text
        assert "vram_database_up 0.0" in site.get("/metrics").text

        line.mend()

        wait_until(lambda: site.get("/readyz").status == 200, 60, "It did not recover.")
        wait_until(
            lambda: site.get("/admin/gpus/gpu/", **editor).status == 200, 60, "The admin did not."
        )
        line.cut()

"""Workers killed, clients that dawdle, addresses without end, a port that is taken."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.client import HTTPException

import pytest

from tests.drills.site import ROOT, Site, run_python, wait_until
from tests.services import free_port

DAWDLERS = 50
HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def test_a_killed_worker_takes_nothing_but_its_own_connections_with_it(site):
    threads, answers, cut = 4, [], []
    is_over = threading.Event()

    def visit():
        while not is_over.is_set():
            try:
                answers.append(site.get("/gpus/rtx-4060/").status)
            except (OSError, HTTPException):
                cut.append(time.monotonic())

    visitors = [threading.Thread(target=visit) for _ in range(threads)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: len(answers) > 10, 60, "No load.")
    before = site.worker_ids()
    victim = min(before)

    os.kill(victim, signal.SIGKILL)
    at_the_kill = len(answers)
    wait_until(lambda: len(site.worker_ids() - {victim}) == len(before), 60, "No new worker came.")
    wait_until(lambda: len(answers) > at_the_kill + 20, 60, "Nobody answered any more.")
    is_over.set()
    for visitor in visitors:
        visitor.join()

    assert set(answers) == {200}
    assert len(cut) <= threads, "More was lost than what the killed worker was answering."
    assert site.get("/readyz").status == 200


@contextmanager
def dawdlers(port: int, said: bytes = b""):
    """Clients that connect, say what is given and then no more."""
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(DAWDLERS)]
    try:
        for each in sockets:
            each.sendall(said)
        time.sleep(0.2)
        yield
    finally:
        for each in sockets:
            each.close()


def seconds_to_answer(site) -> float:
    started = time.monotonic()
    assert site.get("/").status == 200
    return time.monotonic() - started


def test_clients_that_say_nothing_keep_nobody_waiting(site):
    with dawdlers(site.port):
        assert seconds_to_answer(site) < 2


NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {ours}
    }}
}}
"""


@pytest.fixture
def nginx(site, tmp_path):
    """nginx in front of the site, with what deploy/nginx.conf says beside TLS and names."""
    program = shutil.which("nginx")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed.")
        pytest.skip("nginx is not installed")
    ours = (ROOT / "deploy/nginx.conf").read_text().rsplit("server {", 1)[1].rsplit("}", 1)[0]
    ours = re.sub(r"^\s*(listen|server_name|ssl_\w+) .*;$", "", ours, flags=re.MULTILINE)
    ours = re.sub(r"proxy_pass http://[\w.:]+", f"proxy_pass http://127.0.0.1:{site.port}", ours)
    front = Site(site.var_dir, free_port())
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(NGINX.format(folder=tmp_path, port=front.port, ours=ours))
    with (tmp_path / "log").open("w") as log:
        front.server = subprocess.Popen([program, "-c", str(configuration)], stderr=log)
    wait_until(front.answers, 60, "nginx did not answer.")
    yield front
    front.server.terminate()
    front.server.wait(timeout=10)


def test_half_a_request_waits_in_nginx_and_not_in_a_thread(nginx):
    with dawdlers(nginx.port, HALF_A_REQUEST):
        assert seconds_to_answer(nginx) < 2


def test_nginx_names_a_request_and_keeps_the_metrics_in(nginx):
    assert re.fullmatch(r"[0-9a-f]{32}", nginx.get("/healthz").headers["X-Request-ID"])
    assert nginx.get("/metrics").status == 403


def answer_to_megabytes(port: int) -> int:
    """The status of what is answered to an address of 10 MB; 0 where the connection was cut."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as client:
        with suppress(OSError):  # it may be refused before it is through
            client.sendall(b"GET /?model=" + b"x" * 10_000_000 + b" HTTP/1.1\r\n\r\n")
        try:
            found = re.match(rb"HTTP/1\.\d (\d+)", client.recv(1000))
        except OSError:
            return 0
    return int(found[1]) if found else 0


def test_an_address_of_megabytes_costs_no_worker(site, nginx):
    before = site.worker_ids()

    assert answer_to_megabytes(site.port) in {0, 400, 414}
    assert answer_to_megabytes(nginx.port) == 414

    assert site.get("/").status == 200
    assert site.worker_ids() == before


def test_a_second_server_on_the_port_says_so_and_the_first_goes_on(site, monkeypatch):
    monkeypatch.setenv("PORT", str(site.port))

    second = run_python(
        site.var_dir, "-m", "gunicorn", "--config", "config/gunicorn.conf.py", "config.wsgi"
    )

    assert second.returncode != 0
    assert f"Port {site.port} on 127.0.0.1 is taken by another program." in second.stderr
    assert f"PORT={site.port + 1} make run" in second.stderr
    assert "Traceback" not in second.stderr
    assert site.get("/").status == 200


def test_the_counts_of_all_workers_are_added_up(site):
    def home_count() -> float:
        text = site.get("/metrics").text
        return sum(
            float(count)
            for count in re.findall(
                r'^vram_request_seconds_count\{.*"healthz"\} (.+)$', text, re.M
            )
        )

    before = home_count()
    for _ in range(20):
        site.get("/healthz")

    assert home_count() == before + 20

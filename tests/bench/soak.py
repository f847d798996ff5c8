"""Minutes at saturation while everything goes wrong: `python -m tests.bench.soak --minutes 10`.

A gunicorn of two workers on PostgreSQL, asked by eight connections for kept and for new pages. A
worker is killed every 20 s, an editor saves every second, the database is restarted twice. Two
checkers ask beside the load and hold every answer to what it must say: pages that no edit touches
are the same bytes throughout, the edited page shows an edit at most two seconds old. While the
database is away no edit comes, and none is expected.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests import services
from tests.bench.load import require_tools
from tests.bench.servers import prepare, serving, workers_of

SECONDS_BETWEEN_KILLS = 20
EDITED = "/gpus/rtx-4090/"
UNTOUCHED = ("/methodology/", "/accuracy/", "/why/")
# One second until the rows are read again, and one for the page on a busy machine.
SECONDS_TO_BE_SEEN = 2.0
SECONDS_OF_A_RESTART = 5.0

LOAD = """
local known = {"/", "/?size=13", "/faq/", "/gpus/", "/models/", "/fit/", "/methodology/"}
local counter = 0
function request()
  counter = counter + 1
  local path = known[counter % #known + 1]
  if counter % 20 == 0 then
    path = "/?model=llama-3-1-8b&sequence_length=" .. counter
  elseif counter % 50 == 0 then
    path = "/?utm_source=" .. counter
  end
  return wrk.format("GET", path)
end
"""


@dataclass
class Findings:
    """What was seen, by kind; `wrong` has what must never be."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    edits: list[tuple[float, str]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    killed_at: float = 0.0
    restarted_at: float = float("-inf")

    def say(self, text: str) -> None:
        self.wrong.append(text)
        print(f"  wrong: {text}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    require_tools()
    with services.postgresql() as url, services.temporary_folder() as folder:
        environment = {"DATABASE_URL": url, "VAR_DIR": str(folder)}
        os.environ.update(environment)
        prepare(folder)
        try:
            with serving(
                "config.wsgi", "/", "--config=config/gunicorn.conf.py", **environment
            ) as site:
                findings = soak(site, url, asked.minutes * 60, folder)
        finally:
            _pg_ctl(url, "stop")
    report(findings)
    raise SystemExit(bool(findings.wrong))


def soak(site: str, url: str, seconds: float, folder: Path) -> Findings:
    findings = Findings()
    script = folder / "load.lua"
    script.write_text(LOAD)
    load = subprocess.Popen(
        [
            "wrk",
            "-t1",
            "-c8",
            f"-d{int(seconds)}s",
            "-s",
            str(script),
            "-H",
            "Accept-Encoding: br",
            site,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    others = [
        threading.Thread(target=work, args=(findings, site, url), daemon=True)
        for work in (edit, check_edited, check_untouched)
    ]
    for each in others:
        each.start()
    restarts = [seconds / 3, seconds * 2 / 3]
    started = time.monotonic()
    next_kill = started + SECONDS_BETWEEN_KILLS
    while load.poll() is None:
        now = time.monotonic()
        if now >= next_kill:
            kill_a_worker(findings, site)
            next_kill = now + SECONDS_BETWEEN_KILLS
        if restarts and now - started >= restarts[0]:
            restarts.pop(0)
            findings.counts["database restarts"] += 1
            findings.restarted_at = now
            _pg_ctl(url, "restart")
            findings.restarted_at = time.monotonic()
        time.sleep(0.2)
    findings.stop.set()
    for each in others:
        each.join(10)
    output = load.stdout.read() if load.stdout else ""
    print(output)
    for name, pattern in (
        ("requests", r"(\d+) requests in"),
        ("not 2xx or 3xx", r"Non-2xx or 3xx responses: (\d+)"),
    ):
        found = re.search(pattern, output)
        findings.counts[name] = int(found[1]) if found else 0
    if findings.counts["not 2xx or 3xx"]:
        findings.say(f"{findings.counts['not 2xx or 3xx']} answers of the load were errors")
    return findings


def edit(findings: Findings, site: str, url: str) -> None:
    """Rename a GPU every second, as the admin does; each name says which edit it is."""
    number = 0
    while not findings.stop.wait(1):
        name = f"GeForce RTX 4090 edit {number}"
        with suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2) as connection:
            connection.execute(
                "UPDATE gpus_gpu SET name = %s, updated_at = now() WHERE slug = 'rtx-4090'",
                [name],
            )
            connection.commit()
            findings.edits.append((time.monotonic(), name))
            findings.counts["edits"] += 1
            number += 1


def check_edited(findings: Findings, site: str, url: str) -> None:
    while not findings.stop.wait(0.5):
        asked_at = time.monotonic()
        page = ask(findings, site + EDITED)
        if page is None or asked_at - findings.restarted_at < SECONDS_OF_A_RESTART:
            continue
        settled = [name for at, name in findings.edits if at <= asked_at - SECONDS_TO_BE_SEEN]
        found = re.search(r"<title>GeForce RTX 4090 edit (\d+):", page.decode())
        if settled:
            findings.counts["edited pages held to the edit"] += 1
            expected = int(settled[-1].rsplit(" ", 1)[1])
            if found is None or int(found[1]) < expected:
                findings.say(f"edit {expected} not seen: {found and found[1]}")


def check_untouched(findings: Findings, site: str, url: str) -> None:
    first: dict[str, bytes] = {}
    while not findings.stop.wait(0.3):
        for path in UNTOUCHED:
            page = ask(findings, site + path)
            if page is None:
                continue
            findings.counts["untouched pages compared"] += 1
            if first.setdefault(path, page) != page:
                findings.say(f"{path} is not what it was")


def ask(findings: Findings, address: str) -> bytes | None:
    """The body; None where the connection was cut, which only a kill may do."""
    try:
        with urllib.request.urlopen(address, timeout=10) as response:
            body: bytes = response.read()
            return body
    except urllib.error.HTTPError as error:
        findings.say(f"{error.code} for {address}")
    except (OSError, http.client.HTTPException) as error:
        findings.counts["connections cut"] += 1
        if time.monotonic() - findings.killed_at > 3:
            findings.say(f"{address}: {error} without a kill")
    return None


def kill_a_worker(findings: Findings, site: str) -> None:
    worker = workers_of(site)[0]
    findings.killed_at = time.monotonic()
    findings.counts["workers killed"] += 1
    os.kill(worker, signal.SIGKILL)


def _pg_ctl(url: str, verb: str) -> None:
    """Restart or stop the PostgreSQL behind an address, with the options it was started with."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        data = Path(row[0])
    owner = data.stat()
    subprocess.run(
        [
            services.program("pg_ctl"),
            verb,
            "-D",
            str(data),
            "-m",
            "fast",
            "-w",
            "-l",
            f"{data}/log2",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data,
        user=owner.st_uid,
        group=owner.st_gid,
        extra_groups=[],
    )


def report(findings: Findings) -> None:
    for name, count in sorted(findings.counts.items()):
        print(f"{name:34}{count:>12,}")
    print(f"{'wrong':34}{len(findings.wrong):>12,}")


if __name__ == "__main__":
    main()

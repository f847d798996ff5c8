"""Asking a server as fast as it answers (wrk), and at a steady rate (h2load)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

CONNECTIONS = 8
TOOLS = {"wrk": "wrk", "h2load": "nghttp2-client"}

# Every request asks something that nobody asked before: %d is a number that never comes twice.
_NEVER_THE_SAME = """
local counter = %d
function request()
  counter = counter + 1
  local path = string.gsub("%s", "NUMBER", counter)
  path = string.gsub(path, "THOUSANDTHS", string.format("%%.3f", counter / 1000))
  return wrk.format("GET", path)
end
"""


def require_tools() -> None:
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing. On Debian and Ubuntu: apt-get install {package}")


class Load:
    """Loads on one server; addresses made of numbers go on where the last load ended."""

    def __init__(self, server: str) -> None:
        self.server = server
        self._next_number = 1_000

    def requests_per_second(self, path: str, seconds: int, headers: tuple[str, ...] = ()) -> float:
        """Saturated by eight connections. `NUMBER` or `THOUSANDTHS` of it in the path is
        another one each time.
        """
        script = _NEVER_THE_SAME % (self._next_number, path)
        is_new = "NUMBER" in path or "THOUSANDTHS" in path
        if is_new:
            # Few enough that no load makes a sequence longer than the calculator takes.
            self._next_number += 100_000
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(script)
            file.flush()
            scripted = ["-s", file.name] if is_new else []
            output = _run(
                "wrk",
                f"-t1 -c{CONNECTIONS} -d{seconds}s",
                *scripted,
                *(part for header in headers for part in ("-H", header)),
                self.server + path,
            )
        if "Non-2xx" in output and not any(header.startswith("If-None") for header in headers):
            raise SystemExit(f"{path} was answered with errors:\n{output}")
        found = re.search(r"Requests/sec:\s+([\d.]+)", output)
        assert found is not None, output
        return float(found[1])

    def latency_seconds(self, path: str, rate: float, seconds: int) -> tuple[float, float]:
        """Median and 99th percentile at so many requests per second."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            _run(
                "h2load",
                f"--h1 -t1 -c{CONNECTIONS} -D{seconds}",
                f"--rps={rate / CONNECTIONS:.2f}",
                f"--log-file={log}",
                "-H",
                "accept-encoding: gzip, br",
                self.server + path,
            )
            taken = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
        return taken[len(taken) // 2] / 1e6, taken[len(taken) * 99 // 100] / 1e6


def _run(tool: str, arguments: str, *more: str) -> str:
    command = [tool, *arguments.split(), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout

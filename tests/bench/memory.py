"""What a worker holds after very many addresses: `python -m tests.bench.memory --requests 200000`."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from tests.bench.load import require_tools
from tests.bench.servers import prepare, serving, workers_of

# A tenth asks the estimator something new, the rest differ in names and values that mean nothing.
ADDRESSES = """
local counter = %d
function request()
  counter = counter + 1
  local path
  if counter %% 10 == 0 then
    path = "/?size=13." .. counter
  elseif counter %% 10 == 1 then
    path = "/gpus/?vendor=" .. counter
  elseif counter %% 10 == 2 then
    path = "/nowhere/" .. counter .. "/"
  else
    path = "/?utm_source=" .. counter .. "&size=" .. counter %% 900
  end
  return wrk.format("GET", path)
end
"""
FLAT_WITHIN = 0.05
# Until then a worker fills what it keeps, to its bound, and takes its own copy of what it shared with
# the process that it was forked from.
FILLED_AFTER_REQUESTS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    asked = parser.parse_args()
    require_tools()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        with serving(
            "config.wsgi", "/", "--config=config/gunicorn.conf.py", VAR_DIR=folder
        ) as site:
            held = measure(site, asked.requests, Path(folder) / "load.lua")
    filled = next((each for asked, each in held if asked >= FILLED_AFTER_REQUESTS), held[0][1])
    growth = max(after / before for before, after in zip(filled, held[-1][1], strict=True)) - 1
    print(
        f"{growth:+.1%} at most since {FILLED_AFTER_REQUESTS:,} requests "
        f"(bar: within {FLAT_WITHIN:.0%})"
    )
    raise SystemExit(growth > FLAT_WITHIN)


def measure(site: str, requests: int, script: Path) -> list[tuple[int, list[float]]]:
    """Megabytes of each worker's own memory after so many requests, until all were asked."""
    held: list[tuple[int, list[float]]] = []
    asked, start = 0, 1
    while asked < requests:
        script.write_text(ADDRESSES % start)
        output = subprocess.run(
            ["wrk", "-t1", "-c8", "-d20s", "-s", str(script), "-H", "Accept-Encoding: br", site],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        done = int(output.split(" requests in")[0].split()[-1])
        asked, start = asked + done, start + done + 1
        held.append((asked, [_resident_megabytes(pid) for pid in workers_of(site)]))
        print(
            f"{asked:>9,} requests: {' '.join(f'{each:.1f} MB' for each in held[-1][1])}",
            flush=True,
        )
    return held


def _resident_megabytes(pid: int) -> float:
    """Proportional set size, so that what workers share counts once."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()

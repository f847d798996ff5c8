"""`make bench`: the site beside a bare Django view, in turns on the same machine.

make bench                  # about five minutes
make bench ARGS="--seconds 3 --rounds 1"
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.load import Load, require_tools
from tests.bench.servers import ROOT, manage, prepare, serving

COMPRESSED = "Accept-Encoding: gzip, br"
HTMX = "HX-Request: true"
PART_OF_SATURATION = 0.8
# A view that answers three words, through all that every request passes here. Beside it stands a
# Django with no middleware at all, which is what nobody runs.
BARE_VIEW = "/healthz"
# What config/gunicorn.conf.py says, less the warm-up, for which the bare view has no models.
AS_THE_SITE = ("--workers=2", "--threads=4", "--preload", "--worker-tmp-dir=/dev/shm")


@dataclass
class Case:
    """What is asked, and what part of the bare view's requests per second it has to reach."""

    name: str
    path: str
    bar: float
    headers: tuple[str, ...] = (COMPRESSED,)
    ratios: list[float] = field(default_factory=list)
    of_empty: list[float] = field(default_factory=list)


CASES = (
    Case("warm home", "/", 0.8),
    Case("warm fragment", "/fragments/training/?size=13", 0.8, (COMPRESSED, HTMX)),
    Case("conditional request", "/", 0.9, (COMPRESSED, "If-None-Match: {etag}")),
    Case(
        "cold precise fragment",
        "/fragments/training/?model=llama-3-1-8b&sequence_length=NUMBER",
        0.12,
        (COMPRESSED, HTMX),
    ),
    Case("cold home", "/?size=THOUSANDTHS", 0.08),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=8, help="for each load")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    parser.add_argument("--times", type=int, default=1, help="how often the catalog is copied")
    asked = parser.parse_args()
    require_tools()
    with ExitStack() as stack:
        var_dir = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print("Preparing a catalog …", flush=True)
        prepare(var_dir)
        if asked.times > 1:
            grown = {"VAR_DIR": str(var_dir), "PYTHONPATH": str(ROOT)}
            manage(
                "shell", "-c", f"from tests.bench.grow import grow; grow({asked.times})", **grown
            )
        bare = Load(
            stack.enter_context(serving("tests.bench.bare:application", "/", *AS_THE_SITE))
        )
        site = Load(
            stack.enter_context(
                serving(
                    "config.wsgi", "/", "--config=config/gunicorn.conf.py", VAR_DIR=str(var_dir)
                )
            )
        )
        compare_throughput(bare, site, asked.seconds, asked.rounds)
        compare_latency(site, asked.seconds)


def compare_throughput(bare: Load, site: Load, seconds: int, rounds: int) -> None:
    etag = etag_of(site.server)
    empties: list[float] = []
    bares: list[float] = []
    for turn in range(rounds):
        for case in CASES:
            headers = tuple(header.format(etag=etag) for header in case.headers)
            site.requests_per_second(case.path, 1, headers)
            # One right after the other, so that what else the machine does meets all of them.
            bares.append(site.requests_per_second(BARE_VIEW, seconds))
            case.ratios.append(site.requests_per_second(case.path, seconds, headers) / bares[-1])
            empties.append(bare.requests_per_second("/", seconds))
            case.of_empty.append(case.ratios[-1] * bares[-1] / empties[-1])
            print(f"  round {turn + 1}: {case.name} {case.ratios[-1]:.3f} ×", flush=True)
    print(f"\nThe site's bare view: {statistics.median(bares):,.0f} requests/s")
    print(f"An empty Django:      {statistics.median(empties):,.0f} requests/s\n")
    print(f"{'':24}{'× bare':>8}{'bar':>8}{'× empty':>10}")
    for case in CASES:
        ratio, of_empty = statistics.median(case.ratios), statistics.median(case.of_empty)
        missed = "" if ratio >= case.bar else "  missed"
        print(f"{case.name:24}{ratio:8.3f}{case.bar:8.2f}{of_empty:10.3f}{missed}")


def compare_latency(site: Load, seconds: int) -> None:
    print(f"\nAt {PART_OF_SATURATION:.0%} of saturation, milliseconds:")
    p99s = []
    for name, path in (("bare view", BARE_VIEW), ("warm home", "/")):
        rate = PART_OF_SATURATION * site.requests_per_second(path, seconds, (COMPRESSED,))
        median, p99 = site.latency_seconds(path, rate, seconds)
        p99s.append(p99)
        print(f"{name:24} median {median * 1e3:6.2f}   p99 {p99 * 1e3:6.2f}")
    print(f"p99 is {p99s[1] / p99s[0]:.1f} × the bare view's (bar: below 4)")


def etag_of(server: str) -> str:
    request = urllib.request.Request(server + "/", headers={"Accept-Encoding": "gzip, br"})
    with urllib.request.urlopen(request) as response:
        return str(response.headers["ETag"])


if __name__ == "__main__":
    main()

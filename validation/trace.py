"""Traces fine-tuning steps on fake tensors, or runs them on a GPU, and writes what they take.

    python -m validation.trace                      the cases that validation/traces.csv lacks
    python -m validation.trace --all                every case anew
    python -m validation.trace --before 2026-11-28  those traced before that day, to go on with --all
    python -m validation.trace --device cuda        run the matrix for a GPU for real
    python -m validation.trace --device cuda --list print that matrix, without a GPU

Needs validation/requirements.txt (`make validate` installs it). No network is used: weights are
random and configurations come from calculator/data/models.csv.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from validation.tracing.case import Case
from validation.tracing.cases import GPU_CASES, TRACED_CASES

HERE = Path(__file__).parent
TRACES = HERE / "traces.csv"
GPU_RUNS = HERE / "gpu_runs.csv"
SETTING_COLUMNS = tuple(field.name for field in dataclasses.fields(Case))
TRACE_COLUMNS = (
    *SETTING_COLUMNS,
    "attention_run",
    "peak_bytes",
    "forward_bytes",
    "loss_bytes",
    "backward_bytes",
    "optimizer_step_bytes",
    "resident_bytes",
    "trained_count",
    "torch",
    "transformers",
    "peft",
    "date",
)
GPU_COLUMNS = (
    *SETTING_COLUMNS,
    "attention_run",
    "allocated_bytes",
    "reserved_bytes",
    "device_bytes",
    "context_bytes",
    "trained_count",
    "step_seconds",
    "outcome",
    "card",
    "driver",
    "cuda",
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "date",
)


def main() -> None:
    arguments = _arguments()
    cases: Iterable[Case] = TRACED_CASES if arguments.device == "fake" else GPU_CASES
    if arguments.model:
        cases = [case for case in cases if case.model in arguments.model]
    if arguments.list:
        for case in cases:
            print(_in_words(case))
        return
    path = TRACES if arguments.device == "fake" else GPU_RUNS
    known = read_rows(path)
    if arguments.all and not arguments.model:
        known = {key: known[key] for key in map(key_of, cases) if key in known}
    day = "9999" if arguments.all else arguments.before
    missing = [case for case in cases if known.get(key_of(case), _NEVER)["date"] < day]
    _run(missing, path, arguments.device, known)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("fake", "cuda"), default="fake")
    parser.add_argument("--all", action="store_true", help="run every case anew")
    parser.add_argument(
        "--before", metavar="YYYY-MM-DD", default="1", help="run anew what ran before that day"
    )
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument("--model", nargs="*", help="only these models' cases (slugs)")
    return parser.parse_args()


def _run(cases: list[Case], path: Path, device: str, known: dict[tuple[str, ...], Any]) -> None:
    """Run the cases one by one; each result is in the file before the next one starts.

    A row stays until its case has run anew, so that a run may end at any case and go on later.
    """
    from tqdm import tqdm

    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for case in tqdm(cases, desc="steps", unit="step"):
        row = _trace(case) if device == "fake" else _measure(case)
        known[key_of(case)] = row
        write_rows(path, TRACE_COLUMNS if device == "fake" else GPU_COLUMNS, known.values())


def _trace(case: Case) -> dict[str, Any]:
    from validation.tracing.fake_tensors import trace
    from validation.tracing.model_configs import config_of, model_rows

    config, attention = config_of(model_rows()[case.model], case)
    resident_bytes, peaks, trained_count = trace(case, config)
    return {
        **settings_of(case),
        "attention_run": attention,
        "peak_bytes": max(peaks.values()),
        **{f"{phase}_bytes": size for phase, size in peaks.items()},
        "resident_bytes": resident_bytes,
        "trained_count": trained_count,
        **versions(),
    }


def _measure(case: Case) -> dict[str, Any]:
    from validation.tracing.gpu import measure
    from validation.tracing.model_configs import config_of, model_rows

    config, attention = config_of(model_rows()[case.model], case)
    return {**settings_of(case), "attention_run": attention, **measure(case, config), **versions()}


def versions() -> dict[str, str]:
    import peft
    import torch
    import transformers

    return {
        "torch": torch.__version__.partition("+")[0],
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "date": datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
    }


def settings_of(case: Case) -> dict[str, Any]:
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in dataclasses.asdict(case).items()
    }


def key_of(case: Case) -> tuple[str, ...]:
    """What tells a case's row from every other."""
    return tuple(str(value) for value in settings_of(case).values())


# Of a case without a row.
_NEVER = {"date": ""}

# What a row has that was written before a setting was known.
USUAL = {name: str(value) for name, value in settings_of(Case("")).items()}


def _in_words(case: Case) -> str:
    usual = settings_of(Case(case.model))
    changed = [f"{n}={v}" for n, v in settings_of(case).items() if v != usual[n]]
    return " ".join([case.model, *changed])


def read_rows(path: Path) -> dict[tuple[str, ...], Any]:
    """The committed rows by their cases' keys; none where there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{**USUAL, **row} for row in csv.DictReader(file)]
    return {tuple(row[name] for name in SETTING_COLUMNS): row for row in rows}


def write_rows(path: Path, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    """Write all rows, so that a run which ends in between leaves the file as it was."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    unfinished.replace(path)


if __name__ == "__main__":
    main()

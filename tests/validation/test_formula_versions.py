"""docs/formula-versions.md: the present version's figures are the core's."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

from calculator.estimation import FORMULA_VERSION
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.cluster import Sharding, estimate_sharded
from calculator.estimation.settings import settings_from_mapping
from calculator.estimation.units import GB
from validation.measured.models import CATALOG

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "formula-versions.md"
SHARDING = {"strategy": "none", "gpu_count": 1, "offload": "none"}
with CATALOG.open(encoding="utf-8", newline="") as file:
    CATALOG_ROWS = {row["slug"]: row for row in csv.DictReader(file)}


def value(text: str) -> Any:
    """A word, a whole number, true or false."""
    return json.loads(text) if re.fullmatch(r"\d+|true|false", text) else text


def figures(slug: str, method: str, settings: str) -> list[str]:
    """The present core's two columns for a row."""
    stated = {name: value(text) for name, text in re.findall(r"(\w+)=(\S+)", settings.strip("`"))}
    sharding = Sharding(**SHARDING | {name: stated[name] for name in SHARDING.keys() & stated})
    run = settings_from_mapping(
        {name: each for name, each in stated.items() if name not in SHARDING}, method=method
    )
    found = estimate_sharded(architecture_from_row(CATALOG_ROWS[slug]), run, sharding)
    device = found.device_bytes
    return [
        f"{found.peak_allocated_bytes / GB:.2f}",
        " / ".join(f"{each / GB:.1f}" for each in (device.low, device.likely, device.high)),
    ]


def rows() -> list[list[str]]:
    lines = DOC.read_text(encoding="utf-8").splitlines()
    table = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line
    ]
    return [cells for cells in table if cells[0] in CATALOG_ROWS]


def test_the_document_begins_with_the_present_version():
    first = re.search(r"^## (\S+),", DOC.read_text(encoding="utf-8"), re.MULTILINE)

    assert first is not None
    assert first[1] == FORMULA_VERSION


def test_the_present_versions_figures_are_the_cores():
    stated = ["| " + " | ".join(cells) + " |" for cells in rows()]
    # To be copied into the document where the core has moved.
    computed = [
        "| " + " | ".join([*cells[:5], *figures(*cells[:3]), *cells[7:]]) + " |"
        for cells in rows()
    ]

    assert len(stated) >= 15
    assert stated == computed


def test_each_run_is_there_for_a_change():
    for cells in rows():
        assert cells[3:5] != cells[5:7], cells
        assert cells[7]


def test_it_can_be_found():
    for name in ("README.md", "docs/validation.md"):
        assert "formula-versions.md" in (ROOT / name).read_text(encoding="utf-8")

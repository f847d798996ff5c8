"""What our stylesheets promise to those who look at the pages."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OF_A_SCHEME = re.compile(r"@media[^{]*prefers-color-scheme[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")
SCHEME = re.compile(r"prefers-color-scheme|light-dark\(")
DECLARATION = re.compile(r"([\w-]+)\s*:\s*([^;{}]+);")
COLOUR = re.compile(r"#[0-9a-f]{3,8}|rgba?\([^()]*\)")


def test_a_scheme_changes_colours_and_nothing_else():
    """Browser tests look at a page's structure in one scheme, and at its colours in both."""
    declared, asked = [], 0
    for path in sorted((ROOT / "static").rglob("*.css")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        blocks = OF_A_SCHEME.findall(text)
        declared += [pair for block in blocks for pair in DECLARATION.findall(block)]
        asked += len(SCHEME.findall(text)) - len(blocks)

    assert len(declared) > 30
    assert asked == 0, "a block that this test does not read"
    assert [each for each in declared if not COLOUR.fullmatch(each[1].strip())] == []
    assert [name for name, _ in declared if not name.startswith("--")] == []

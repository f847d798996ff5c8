"""`manage.py import_prices`: the same rules from a terminal, with an exit status for a weekly job."""

from __future__ import annotations

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from gpus.prices.models import PriceObservation
from tests.calculator.bulk.builders import SEEN

pytestmark = pytest.mark.usefixtures("small_catalog")


def run(*arguments: str, text: str = "", monkeypatch=None, **options) -> str:
    out = io.StringIO()
    if monkeypatch:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    call_command("import_prices", *arguments, stdout=out, **{**SEEN, **options})
    return out.getvalue()


def seen_at_runpod() -> list[float]:
    rows = PriceObservation.objects.filter(provider="RunPod").order_by("usd")
    return [float(row.usd) for row in rows]


def test_a_file_is_imported_and_its_changes_are_printed_as_a_table(tmp_path):
    file = tmp_path / "prices.md"
    file.write_text("| GPU | price |\n|---|---|\n| RTX 4090 | $0.69 |\n")

    printed = run(str(file))

    assert seen_at_runpod() == [0.69]
    assert printed.splitlines()[0].split() == ["row", "price", "column", "before", "after"]
    assert "usd         " in printed
    assert printed.endswith("Imported: 1 added, 0 changed, 0 unchanged.\n")


def test_the_standard_input_is_read_and_a_dry_run_changes_nothing(monkeypatch):
    text = "GPU,price\nH100 SXM,2.69\nRTX 4090,0.69\n"

    printed = run("-", "--dry-run", text=text, monkeypatch=monkeypatch)

    assert "2 added, 0 changed, 0 unchanged." in printed
    assert seen_at_runpod() == []


def test_mistakes_end_it_with_a_status_and_their_rows(monkeypatch):
    text = "GPU,price\nRTX 4090,0.69\nRTX 9999,1.00\n"

    with pytest.raises(CommandError, match=r"row 3, column GPU \(A\): “RTX 9999”"):
        run("-", text=text, monkeypatch=monkeypatch)

    assert seen_at_runpod() == []
    run("-", "--leave-out-unknown", text=text, monkeypatch=monkeypatch)
    assert seen_at_runpod() == [0.69]


def test_an_odd_price_ends_it_unless_it_is_said_to_be_right(monkeypatch):
    run("-", text="GPU,price\nRTX 4090,0.69\n", monkeypatch=monkeypatch)
    text, day = "GPU,price\nRTX 4090,69\n", {"checked_on": "2026-11-21"}

    with pytest.raises(CommandError, match="--accept-odd"):
        run("-", text=text, monkeypatch=monkeypatch, **day)

    run("-", "--accept-odd", text=text, monkeypatch=monkeypatch, **day)
    assert seen_at_runpod() == [0.69, 69]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run(str(tmp_path / "none.csv"))

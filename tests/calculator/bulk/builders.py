"""Tables as editors bring them, and what imports of them would do."""

from __future__ import annotations

from calculator.bulk.consequences import asking
from calculator.bulk.planning import Plan, apply_import, plan_import
from calculator.bulk.reading.pasted import read_pasted
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.waiting import read

SEEN = {
    "kind": "rent_on_demand",
    "provider": "RunPod",
    "source_name": "RunPod",
    "source_url": "https://www.runpod.io/pricing",
    "checked_on": "2026-11-20",
}


def plan_of(name: str, text: str, *, leaves_out_unknown: bool = False, **everywhere) -> Plan:
    table = BULK_TABLES[name]
    grid, reading = read(table, read_pasted(text), everywhere)
    return plan_import(table, grid, reading.leaving_out_unknown(leaves_out_unknown))


def import_of(
    name: str, text: str, *, fingerprint=None, accepts_odd=False, confirmed="", **everywhere
) -> Plan:
    table = BULK_TABLES[name]
    grid, reading = read(table, read_pasted(text), everywhere)
    return apply_import(
        table,
        grid,
        reading,
        editor=None,
        fingerprint=fingerprint,
        source="a test",
        look=asking(table, confirmed),
        accepts_odd=accepts_odd,
    )


def changes_of(plan: Plan) -> dict[str, dict[str, tuple[str, str]]]:
    """Each changed row's name, with what each column was and becomes."""
    return {
        change.name: {cell.column: (cell.before, cell.after) for cell in change.cells}
        for change in plan.changes
    }

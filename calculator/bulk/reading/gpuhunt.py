"""dstack's gpuhunt catalog: one CSV file a provider, a row for each instance in each region.

Columns by CATALOG_V2_FIELDS in dstackai/gpuhunt, src/gpuhunt/_internal/storage.py (MPL 2.0); price
is in USD per hour of the whole instance, gpu_memory in GB of one GPU.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils import timezone

from calculator.bulk.cells import shown
from calculator.bulk.reading.grid import Grid, grid_of

SOURCE_NAME = "dstack's gpuhunt catalog"
SOURCE_URL = "https://github.com/dstackai/gpuhunt"
_COLUMNS = frozenset({"instance_name", "price", "gpu_count", "gpu_name", "gpu_memory", "spot"})


def is_gpuhunt(grid: Grid) -> bool:
    """Whether a table is a file of that catalog."""
    return set(grid.header) >= _COLUMNS


def observations(grid: Grid) -> Grid:
    """The cheapest price of one GPU of each kind that a provider's file has, as a table of prices."""
    at = {name: position for position, name in enumerate(grid.header)}
    cheapest: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for place, row in zip(grid.places, grid.rows, strict=True):
        try:
            count, usd = int(row[at["gpu_count"]] or 0), Decimal(row[at["price"]])
        except (ValueError, InvalidOperation):
            continue
        if count < 1 or usd <= 0 or not row[at["gpu_name"]]:
            continue
        if "gpu_vendor" in at and row[at["gpu_vendor"]] in ("google", "tenstorrent"):
            continue
        name = _name(row[at["gpu_name"]], row[at["instance_name"]], row[at["gpu_memory"]])
        kind = "rent_spot" if row[at["spot"]].lower() == "true" else "rent_on_demand"
        each = (round(usd / count, 4), place)
        cheapest[name, kind] = min(cheapest.get((name, kind), each), each)
    header = ("gpu", "kind", "usd", "source_name", "source_url", "checked_on")
    today = timezone.localdate().isoformat()
    rows = [
        (place, (name, kind, shown(usd), SOURCE_NAME, SOURCE_URL, today))
        for (name, kind), (usd, place) in sorted(cheapest.items())
    ]
    return grid_of([(1, header), *rows])


def _name(gpu_name: str, instance_name: str, memory: str) -> str:
    """“H100” is of two kinds there: an instance's name may say which."""
    instance = instance_name.casefold()
    form = next((form for form in ("SXM", "PCIe", "NVL") if form.casefold() in instance), "")
    if form and form.casefold() in gpu_name.casefold():
        form = ""
    gb = f"{float(memory):.0f}GB" if memory else ""
    return " ".join(filter(None, (gpu_name, form, gb)))

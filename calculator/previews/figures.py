"""What a preset with its parts, a size, a tier or a GPU would change, as it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest

from calculator.catalog import current_catalog
from calculator.looking_ahead.changes import Change, Preview, previews
from calculator.models import MethodPreset, ModelSize
from calculator.previews.effects import Effects, effects
from calculator.previews.what_if import catalog_with
from gpus.models import Gpu
from gpus.tiers import MemoryTier

TITLE = "What this changes for visitors"


@previews(MethodPreset, TITLE)
@previews(ModelSize, TITLE)
@previews(MemoryTier, TITLE)
@previews(Gpu, TITLE)
def preview_figures(_request: HttpRequest, change: Change, can_be_saved: bool) -> Preview:
    """Old → new of headlines, sizes and answers; nothing while the form has mistakes."""
    view: Any = None
    if can_be_saved:
        view = effects_of([change])
    return Preview("admin/looking_ahead/_effects.html", view)


def effects_of(changes: Sequence[Change]) -> Effects:
    """Old → new of everything that visitors read, of rows that are saved together."""
    before = current_catalog()
    return effects(before, catalog_with(before, changes))

"""What a preset with its parts, a size, a tier or a GPU would change, as it is typed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from calculator.looking_ahead.changes import Changes, Preview, previews
from calculator.models import MethodPreset, ModelSize
from calculator.previews.comparison import Comparison
from gpus.models import Gpu
from gpus.tiers import MemoryTier

TITLE = "What this changes for visitors"


@previews(MethodPreset, TITLE)
@previews(ModelSize, TITLE)
@previews(MemoryTier, TITLE)
@previews(Gpu, TITLE)
def preview_figures(_request: HttpRequest, changes: Changes, can_be_saved: bool) -> Preview:
    """Old → new of headlines, sizes and answers; nothing while the form has mistakes."""
    view: Any = None
    if can_be_saved:
        view = changes.once(Comparison).effects
    return Preview("admin/looking_ahead/_effects.html", view)

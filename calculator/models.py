"""The app's tables, each from the room of its subject; Django looks for them here."""

from __future__ import annotations

from calculator.bulk.models import BulkImport, PriceFeed
from calculator.changes.accounts import keep_history_of_accounts
from calculator.changes.models import ChangeSet
from calculator.data.models import LoadedRow
from calculator.faq.models import FaqEntry, FormerSlug
from calculator.language_models.models import LanguageModel, ModelAlias
from calculator.presets.models import MethodPreset, ModelSize, PresetPart, Task

keep_history_of_accounts()

__all__ = [
    "BulkImport",
    "ChangeSet",
    "FaqEntry",
    "FormerSlug",
    "LanguageModel",
    "LoadedRow",
    "MethodPreset",
    "ModelAlias",
    "ModelSize",
    "PresetPart",
    "PriceFeed",
    "Task",
]

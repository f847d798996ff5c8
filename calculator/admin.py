"""The admin's name; its pages are registered by the rooms of their subjects."""

from __future__ import annotations

from django.contrib import admin

from calculator.bulk.pages import admin as bulk_admin  # noqa: F401
from calculator.changes import admin as changes_admin  # noqa: F401
from calculator.faq import admin as faq_admin  # noqa: F401
from calculator.language_models import admin as language_models_admin  # noqa: F401
from calculator.presets import admin as presets_admin  # noqa: F401
from calculator.previews import answers, figures, guards, shapes  # noqa: F401

admin.site.site_header = "Fine-Tuning VRAM Calculator"
admin.site.site_title = "Fine-Tuning VRAM Calculator"
admin.site.index_title = "The catalog: a change shows on the site at once"

"""What every worker would otherwise work out for its first visitors, done once before they fork."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError
from django.template.loader import get_template
from django.utils import timezone

from calculator.catalog import Catalog, current_catalog
from calculator.language_models.selection import default_bytes
from calculator.models import Task
from calculator.pages.accuracy.presenters import present_accuracy
from calculator.pages.calculator.presenters import present_calculator
from calculator.pages.methodology.figures import methodology_figures
from calculator.pages.my_gpu.presenters import present_card
from calculator.pages.search.presenters import present_search

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Fill what depends on code, files and catalog alone, as the pages that need it ask for it.

    A site whose database is not there yet starts all the same, and answers its first visitors more
    slowly.
    """
    _read_templates()
    methodology_figures()
    present_accuracy({})
    try:
        catalog = current_catalog()
    except DatabaseError as error:
        logger.warning("Started without the catalog, as the database does not answer: %s", error)
        return
    _estimate_catalog(catalog)


def _read_templates() -> None:
    """Compile every template of the site: the engines keep them."""
    root = settings.BASE_DIR / "templates"
    for path in root.rglob("*.*"):
        get_template(path.relative_to(root).as_posix())


def _estimate_catalog(catalog: Catalog) -> None:
    """Fill the core's caches with the catalog's models.

    The list of models asks for each by default settings; the page of one card for what else may
    fit. Cards of every size are asked about, as each tries other models.
    """
    today = timezone.localdate()
    for model in catalog.language_models:
        default_bytes(model)
    for tier in catalog.tiers:
        for gpu in tier.examples[:1]:
            present_card(catalog, gpu.slug, {}, today=today)
    # A search takes all names and answers apart.
    present_search(catalog, {"q": "llama"})
    for query in ({}, {"sequence_length": "4096"}):
        present_calculator(catalog, Task.TRAINING, query, today=today)

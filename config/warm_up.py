"""What every worker would otherwise work out for its first visitors, done once before they fork."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.utils import timezone

from calculator.catalog import current_catalog
from calculator.pages.my_gpu.presenters import present_card

logger = logging.getLogger(__name__)


def warm_up() -> None:
    """Fill the core's caches with the catalog's models, as the page of one card asks for them.

    Cards of every size are asked about, as each tries other models. A site whose database is not
    there yet starts all the same, and answers its first visitors more slowly.
    """
    try:
        catalog = current_catalog()
    except DatabaseError as error:
        logger.warning("Started without the catalog, as the database does not answer: %s", error)
        return
    for tier in catalog.tiers:
        for gpu in tier.examples[:1]:
            present_card(catalog, gpu.slug, {}, today=timezone.localdate())

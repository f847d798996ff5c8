"""What every worker would otherwise work out for its first visitors, done once before they fork."""

from __future__ import annotations

import logging
from itertools import product
from typing import get_args
from urllib.parse import urlencode

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, QueryDict
from django.template.loader import get_template
from django.urls import resolve, reverse
from django.utils import timezone

from calculator.catalog import Catalog, current_catalog
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster.least import least_step_bytes
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import Method
from calculator.language_models.selection import default_bytes
from calculator.pages.accuracy.presenters import present_accuracy
from calculator.pages.calculator.presenters import present_calculator
from calculator.pages.methodology.figures import methodology_figures
from calculator.pages.my_gpu.presenters import present_card
from calculator.pages.search.presenters import present_search

# On one GPU, and as DeepSpeed's and PyTorch's sharding change the widths of what runs.
SHARDINGS_OF_FLOORS = (Sharding(), Sharding("zero3", 8), Sharding("fsdp", 8))

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
    _draw_pages(catalog)


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
        if model.architecture is not None:
            _fill_floors(model.architecture)
    for tier in catalog.tiers:
        for gpu in tier.examples[:1]:
            present_card(catalog, gpu.slug, {}, today=today)
    # A search takes all names and answers apart.
    present_search(catalog, {"q": "llama"})
    for query in ({}, {"sequence_length": "4096"}):
        present_calculator(catalog, query, today=today)


def _draw_pages(catalog: Catalog) -> None:
    """Draw a page of each kind whose first drawing takes long.

    What a page needs once in a process is made when it is first drawn: the front page's answers
    with their figures, parts of forms, nodes of templates. The front page's first drawing takes
    twice as long as another's.
    """
    model = next((each for each in catalog.language_models if each.architecture is not None), None)
    if model is None:
        return
    run = {"model": model.slug, "method": "qlora"}
    addresses = [
        (reverse("calculator:training"), ""),
        (reverse("calculator:training"), f"model={model.slug}"),
        (reverse("fit:page"), urlencode(run)),
        (reverse("calculator:why"), urlencode({**run, "amount": "24"})),
        *((reverse("gpus:card", args=[gpu.slug]), "") for gpu in catalog.gpus[:1]),
    ]
    for path, query in addresses:
        _draw(path, query)


def _draw(path: str, query: str) -> None:
    """What the view of an address answers, past the middleware: nothing is counted or kept."""
    host = next(iter(settings.ALLOWED_HOSTS), "*").lstrip(".")
    request = HttpRequest()
    request.method, request.path, request.path_info = "GET", path, path
    request.GET = QueryDict(query)
    request.META = {
        "HTTP_HOST": "localhost" if host == "*" else host,
        "QUERY_STRING": query,
    }
    view, args, kwargs = resolve(path)
    view(request, *args, **kwargs)


def _fill_floors(architecture: Architecture) -> None:
    """What layers save, by which the page of a card rules out most models.

    It is the same whatever the batch, length, rank, dropout and checkpointing (`of_saved`).
    """
    for method, sharding in product(get_args(Method), SHARDINGS_OF_FLOORS):
        least_step_bytes(architecture, TrainingSettings(method=method), sharding)

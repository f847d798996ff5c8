"""`{% price_work %}`: the first lines of the list of prices to look at, on the admin's front page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from gpus.pricing.views import work
from gpus.pricing.work import ROWS_ON_THE_FRONT_PAGE

register = template.Library()


@register.simple_tag(takes_context=True)
def price_work(context: RequestContext) -> dict[str, Any] | None:
    """What the list shows, or None for those who may not see prices."""
    request = context["request"]
    if not request.user.has_perm("gpus.view_priceobservation"):
        return None
    return work(request, per_page=ROWS_ON_THE_FRONT_PAGE)

"""`{% draw %}`: a piece that Jinja draws, inside a template of Django's."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def draw(context: Context, name: str, **values: Any) -> SafeString:
    """The piece of that name. It sees the values that are given, and the request; `oob` is false
    unless it is given, as a whole page swaps nothing.
    """
    drawn = get_template(name).render({"oob": False, **values}, context.get("request"))
    return mark_safe(drawn)

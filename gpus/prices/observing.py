"""What editors do to prices beside entering one: look again, and take one off the site."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gpus.prices.models import PriceObservation

# What is new in an observation that finds the price unchanged.
_OWN = {"id", "checked_on", "editor", "note", "published", "updated_at"}
_SAID = ("usd", "is_estimate", "source_name", "source_url")


def says_the_same(one: PriceObservation, other: PriceObservation) -> bool:
    """Whether two observations are of the same price at the same source."""
    return all(getattr(one, name) == getattr(other, name) for name in _SAID)


def unchanged(
    price: PriceObservation, today: dt.date, editor: Any, *, replaces: bool = False
) -> PriceObservation:
    """Record that the price was looked at today and is what it was; once a day at most.

    With `replaces` it stands in the place of another price that somebody entered today.
    """
    key = {"gpu_id": price.gpu_id, "kind": price.kind, "provider": price.provider}
    seen = PriceObservation.objects.filter(**key, checked_on=today).first()
    if seen is None:
        copied = {
            field.attname: getattr(price, field.attname)
            for field in PriceObservation._meta.concrete_fields
            if field.name not in _OWN
        }
        seen = PriceObservation(**copied, checked_on=today, editor=editor)
    elif seen.published and (not replaces or says_the_same(seen, price)):
        return seen
    else:
        # Somebody withdrew today's, or entered another one; it is seen again.
        for name in _SAID:
            setattr(seen, name, getattr(price, name))
        seen.published, seen.editor = True, editor
    seen.full_clean()
    seen.save()
    return seen


def withdraw(price: PriceObservation) -> int:
    """Take the price off the site with all earlier ones of its GPU, kind and provider.

    Otherwise the one before it would be the current one again. Returns how many there were.
    """
    rows = PriceObservation.objects.published().filter(
        gpu_id=price.gpu_id, kind=price.kind, provider=price.provider
    )
    count = 0
    for row in rows:
        row.published = False
        row.save(update_fields=["published", "updated_at"])
        count += 1
    return count

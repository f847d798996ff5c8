"""What editors do to prices beside entering one: look again, and say that an offer is gone."""

from __future__ import annotations

import datetime as dt
from typing import Any

from gpus.prices.models import PriceObservation

# What is new in an observation that finds the price unchanged.
_OWN = {"id", "checked_on", "editor", "note", "published", "updated_at", "ended_on"}
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
    elif seen.published and not seen.ended_on and (not replaces or says_the_same(seen, price)):
        return seen
    else:
        # Somebody withdrew today's, found it gone or entered another one; it is seen again.
        for name in _SAID:
            setattr(seen, name, getattr(price, name))
        seen.published, seen.ended_on, seen.editor = True, None, editor
    seen.full_clean()
    seen.save()
    return seen


def end_offer(price: PriceObservation, today: dt.date) -> None:
    """Record that the price's GPU is no longer offered so, at this kind and provider.

    It is said of what was seen last, and what was seen stays for the curve. An offer that ended
    before stays as it is.
    """
    same = PriceObservation.objects.published().filter(
        gpu_id=price.gpu_id, kind=price.kind, provider=price.provider
    )
    last = same.order_by("-checked_on").first()
    if last is None or not same.current().filter(pk=last.pk).exists():
        return
    # Where a clock ahead of ours wrote the price, its day may be tomorrow.
    last.ended_on = max(today, last.checked_on)
    last.full_clean()
    last.save(update_fields=["ended_on", "updated_at"])

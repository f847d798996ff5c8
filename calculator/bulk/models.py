"""What waits to be imported, and the public price catalogs that may be read."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import URLValidator
from django.db import models
from django.db.models import Q

from calculator.changes.models import ChangeSet
from calculator.checked_rows import CheckedRow


class FeedKind(models.TextChoices):
    GPUHUNT = "gpuhunt", "gpuhunt: one provider of dstack's catalog"


class PriceFeed(CheckedRow):
    """A public price catalog. Off until somebody turns it on; seen by an editor unless trusted."""

    name = models.CharField(max_length=60, unique=True, help_text="As visitors read the source.")
    kind = models.CharField(max_length=20, choices=FeedKind, default=FeedKind.GPUHUNT)
    address = models.URLField(
        max_length=500,
        validators=[URLValidator(schemes=["https"], message="A feed's address is https://….")],
        help_text="Of gpuhunt, a provider's folder: https://…/v3/runpod",
    )
    provider = models.CharField(max_length=60, help_text="Who rents it out: RunPod.")
    is_on = models.BooleanField("on", default=False)
    is_trusted = models.BooleanField(
        "trusted", default=False, help_text="On: its prices go live without anybody's look."
    )
    last_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_outcome = models.CharField(max_length=300, blank=True, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & Q(address__startswith="https://"),
                name="price_feed_is_https",
                violation_error_message="A feed has a name and an address that begins https://.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BulkImport(models.Model):
    """A table that somebody handed in, how its columns are read, and what its preview said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    table = models.CharField(max_length=40)
    source = models.CharField(max_length=200)  # a file's name, “pasted”, a feed's name
    text = models.TextField(blank=True)  # as it was pasted, to be put right
    grid = models.JSONField()
    # Column's position → what it holds; and what holds for each row that does not say so itself.
    columns = models.JSONField()
    everywhere = models.JSONField(default=dict)
    leaves_out_unknown = models.BooleanField(default=False)
    feed = models.ForeignKey(PriceFeed, on_delete=models.CASCADE, null=True, blank=True)
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    # What it did, once it is done, to be undone there.
    change_set = models.ForeignKey(
        ChangeSet, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-created_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.table} from {self.source}"

"""The admin as an app, with this site's own pages around it."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class CatalogAdminConfig(AdminConfig):
    default = False
    default_site = "config.second_factor.site.CatalogAdminSite"

    def ready(self) -> None:
        super().ready()
        from config import audit  # noqa: F401  # registers the logs of logins and permissions

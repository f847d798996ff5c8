"""The admin as an app, with this site's own pages around it, and names of others' apps for editors."""

from __future__ import annotations

from axes.apps import AppConfig as AxesConfig
from django.contrib.admin.apps import AdminConfig
from django_otp.plugins.otp_static.apps import DefaultConfig as StaticConfig
from django_otp.plugins.otp_totp.apps import DefaultConfig as TotpConfig


class CatalogAdminConfig(AdminConfig):
    default = False
    default_site = "config.second_factor.site.CatalogAdminSite"

    def ready(self) -> None:
        super().ready()
        from config import audit  # noqa: F401  # registers the logs of logins and permissions


class LoginsConfig(AxesConfig):
    verbose_name = "Sign-in: who came in, and failed attempts"


class AuthenticatorsConfig(TotpConfig):
    verbose_name = "Sign-in: second factor, authenticator apps"


class BackupCodesConfig(StaticConfig):
    verbose_name = "Sign-in: second factor, backup codes"

"""The admin, which asks for the second factor of whoever has one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

# What editors come for stands before accounts and logins.
APPS_FIRST = ("gpus", "calculator")


class CatalogAdminSite(admin.AdminSite):
    login_template = "admin/second_factor/login.html"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        apps = super().get_app_list(request, app_label)
        first = {label: place for place, label in enumerate(APPS_FIRST)}
        return sorted(apps, key=lambda app: first.get(app["app_label"], len(first)))

    @property
    def login_form(self) -> Any:
        # Its base imports the users' table, which is not there yet when this module is.
        from config.second_factor.forms import LoginForm

        return LoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        from config.second_factor.devices import has_second_factor

        if not super().has_permission(request):
            return False
        if request.user.is_verified():
            return True
        return not settings.SECOND_FACTOR_REQUIRED and not has_second_factor(request.user)

    def may_set_up_second_factor(self, request: HttpRequest) -> bool:
        """Whoever is in, and whoever the site waits for to set one up."""
        from config.second_factor.devices import has_second_factor

        return self.has_permission(request) or (
            super().has_permission(request) and not has_second_factor(request.user)
        )

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        waits = self.may_set_up_second_factor(request) and not self.has_permission(request)
        if request.method == "GET" and waits:
            return HttpResponseRedirect(reverse("admin:second_factor"))
        return super().login(request, extra_context)

    def get_urls(self) -> list[Any]:
        view = never_cache(csrf_protect(self.second_factor_view))
        return [path("second-factor/", view, name="second_factor"), *super().get_urls()]

    def second_factor_view(self, request: HttpRequest) -> HttpResponse:
        from config.second_factor.views import second_factor

        if not self.may_set_up_second_factor(request):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return second_factor(request, self)

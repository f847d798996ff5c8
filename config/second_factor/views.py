"""The page on which a person sets the second factor up, renews its backup codes or removes it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django_otp import login as keep_in_session

from config.second_factor.devices import (
    CodeRefused,
    begun,
    codes_left,
    confirm,
    has_second_factor,
    key_in_groups,
    new_backup_codes,
    picture,
    remove,
    verified_by,
)
from config.second_factor.forms import CodeForm


def second_factor(request: HttpRequest, site: AdminSite) -> HttpResponse:
    form = CodeForm(request.POST if request.method == "POST" else None)
    is_set_up = has_second_factor(request.user)
    codes: list[str] = []
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            if is_set_up:
                verified_by(request.user, code)
            else:
                device = begun(request.user)
                codes = confirm(device, code)
                keep_in_session(request, device)
                is_set_up = True
        except CodeRefused as refused:
            form.add_error("code", str(refused))
        else:
            if "remove" in request.POST:
                remove(request.user)
                said = "The second factor is removed: a password is enough again."
                messages.success(request, said)
                return HttpResponseRedirect(reverse("admin:index"))
            # The code may have been of the old backup codes, which are void now.
            codes = codes or new_backup_codes(request.user)
    context = {
        **site.each_context(request),
        "title": "Second factor",
        "form": form,
        "is_set_up": is_set_up,
        "codes": codes,
        "codes_left": codes_left(request.user),
        "is_required": settings.SECOND_FACTOR_REQUIRED,
    }
    if not is_set_up:
        device = begun(request.user)
        context |= {"picture": picture(device), "key": key_in_groups(device)}
    return TemplateResponse(request, "admin/second_factor/page.html", context)

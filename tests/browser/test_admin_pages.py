"""Every page of the admin on a phone: nothing to scroll sideways, all to press, in both schemes."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

# Not in a line of text: there, WCAG 2.5.8 asks for no size.
TOO_SMALL = """
() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter((each) => each.type !== 'hidden' && each.checkVisibility())
  .filter((each) => !each.matches('.select2-hidden-accessible'))
  .filter((each) => !(each.matches('a') && each.closest('p, li li, .help, #content dd, .ahead li')))
  .map((each) => [each, each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([each, box]) => `${each.outerHTML.slice(0, 100)} ${box.width} × ${box.height}`)
"""


def pages_of_tables() -> list[str]:
    """List, form and further pages of each table, with a row where there is one."""
    found = []
    for model, model_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        row = model._default_manager.first()
        if row is None:
            continue
        found += [reverse(f"{name}_{page}", args=[row.pk]) for page in ("change", "history")]
        if model_admin.__class__.delete_view:
            found.append(reverse(f"{name}_delete", args=[row.pk]))
    return found


@pytest.fixture
def phone_of(page_at, log_in, site):
    """A phone that is logged in; axe's own trials of styles need a context without the policy."""

    def phone_of(**options):
        page = page_at(390, **options)
        log_in(page, User.objects.create_superuser("head", password="a long secret"))
        return page

    return phone_of


def test_every_page_fits_a_phone_and_can_be_pressed(phone_of, problems):
    problems.expect("status of 403")  # what nobody deletes
    phone = phone_of()
    fixed = ["/admin/", "/admin/password_change/", "/admin/gpus/gpu/add/"]
    wrong = []

    for path in [*fixed, *pages_of_tables()]:
        response = phone.goto(path)
        if response.status == 403:
            continue
        width = phone.evaluate("document.documentElement.scrollWidth")
        wrong += [f"{path}: {width} wide"] * (width > 390)
        wrong += [f"{path}: {each}" for each in phone.evaluate(TOO_SMALL)[:3]]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_a_page_of_each_kind_is_accessible(phone_of, color_scheme, assert_accessible):
    phone = phone_of(color_scheme=color_scheme, bypass_csp=True)
    for path in [
        "/admin/",
        "/admin/gpus/gpu/",
        "/admin/gpus/memorytier/",
        "/admin/calculator/methodpreset/1/change/",
        "/admin/calculator/faqentry/1/change/",
        "/admin/calculator/languagemodel/add/",
        "/admin/gpus/memorytier/1/history/",
        "/admin/gpus/memorytier/1/delete/",
    ]:
        phone.goto(path)
        phone.wait_for_load_state("networkidle")

        assert_accessible(phone)

"""The admin's pages as an editor's browser sends them back: every field as it is on the page."""

from __future__ import annotations

from typing import Any


def fields_on(response: Any) -> dict[str, Any]:
    """What the forms of an admin page would send if nothing were changed."""
    context = response.context
    if "adminform" in context:
        forms = [context["adminform"].form]
        formsets = [each.formset for each in context["inline_admin_formsets"]]
    else:
        forms, formsets = [], [context["cl"].formset]
    for formset in formsets:
        forms += [formset.management_form, *formset.forms]
    bound = [field for form in forms for field in form]
    values = {field.html_name: field.value() for field in bound}
    # A browser sends nothing for an unticked box; a 0 is sent, although 0 == False.
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def save(client: Any, url: str, **changes: Any) -> Any:
    """Open a page, change some fields (None: empty it) and press “Save”."""
    response = client.get(url)
    assert response.status_code == 200
    data = {**fields_on(response), "_save": "Save", **changes}
    return client.post(url, {name: "" if value is None else value for name, value in data.items()})


def run_action(client: Any, url: str, action: str, rows: Any, **more: str) -> Any:
    selected = [row.pk for row in rows]
    return client.post(url, {"action": action, "_selected_action": selected, **more}, follow=True)


def said(response: Any) -> list[str]:
    """What the page says of the save before it, without the offer to undo that."""
    messages = [str(message) for message in response.context["messages"]]
    return [message for message in messages if not message.startswith("See or undo")]


def errors_in(response: Any) -> dict[str, list[str]]:
    """The errors of a page that came back, by field; "" for those above the fields."""
    context = response.context
    forms = [context["adminform"].form] if "adminform" in context else context["cl"].formset.forms
    return {
        name.replace("__all__", ""): list(errors)
        for form in forms
        for name, errors in form.errors.items()
    }

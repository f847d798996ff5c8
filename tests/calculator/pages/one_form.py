"""The calculator's one form as a browser without a script sends it off."""

from bs4 import BeautifulSoup


def fields_of_the_form(client, path: str) -> dict[str, str]:
    """What the form of the page sends if nothing is changed; of two alike, as on a server, the last."""
    form = BeautifulSoup(client.get(path).content, "html.parser").select_one("#ask")
    values = {}
    for control in form.select("[name]:not([form])"):
        if control.name == "select":
            chosen = control.select_one("option[selected]") or control.select_one("option")
            values[control["name"]] = chosen["value"]
        else:
            values[control["name"]] = control.get("value", "")
    return values

"""The engine of `*.jinja`: it escapes, misses nothing silently, and leaves Django its templates."""

from __future__ import annotations

import pytest
from django.template import engines
from django.template.loader import get_template
from jinja2 import UndefinedError

MATCHES = "calculator/pages/calculator/_matches.jinja"


def test_what_is_printed_is_escaped_in_a_piece_drawn_by_itself_or_in_a_page() -> None:
    matches = {"status": "<b>bold</b> & more", "choices": ()}
    in_a_page = engines["django"].from_string(f'{{% draw "{MATCHES}" matches=matches %}}')

    for html in (
        get_template(MATCHES).render({"matches": matches}),
        in_a_page.render({"matches": matches}),
    ):
        assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in html
        assert '<p class="found__status"' in html


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        get_template(MATCHES).render({})


@pytest.mark.parametrize(
    ("name", "engine"),
    [("base.html", "django"), (MATCHES, "jinja2"), ("admin/base.html", "django")],
)
def test_each_engine_has_the_templates_of_its_ending(name: str, engine: str) -> None:
    assert get_template(name).backend.name == engine

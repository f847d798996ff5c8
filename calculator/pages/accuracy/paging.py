"""Links from page to page of a table; the form keeps the other table's page."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from calculator.pages.accuracy.forms import AccuracyForm


@dataclass(frozen=True, slots=True)
class PageLink:
    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """The first page, the last and those around the present one. Empty where there is one."""

    links: tuple[PageLink, ...]
    previous_query: str | None
    next_query: str | None


def paging(form: AccuracyForm, field: str, page: int, page_count: int) -> Paging:
    """The links, each the page's query string with another value of that field."""

    def query(number: int) -> str:
        return urlencode(form.to_query(**{field: str(number)}))

    if page_count == 1:
        return Paging((), None, None)
    near = {1, page_count, *range(page - 1, page + 2)}
    numbers = sorted(number for number in near if 1 <= number <= page_count)
    return Paging(
        links=tuple(PageLink(str(number), query(number), number == page) for number in numbers),
        previous_query=query(page - 1) if page > 1 else None,
        next_query=query(page + 1) if page < page_count else None,
    )

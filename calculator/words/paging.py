"""A long list in pages: the page that is asked for, and the links from page to page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django import forms

from calculator.words.addresses import with_query

T = TypeVar("T")

HIGHEST_PAGE = 9_999


class PageField(forms.CharField):
    """The number of a page, in the address alone: a filter that changes starts again at 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=forms.HiddenInput, **options)

    def to_python(self, value: object) -> int:  # type: ignore[override]
        typed = super().to_python(value) or "1"
        if not re.fullmatch(r"[0-9]{1,4}", typed) or int(typed) < 1:
            raise forms.ValidationError(
                f"Enter a page between 1 and {HIGHEST_PAGE:,}: “{typed[:30]}” is not one."
            )
        return int(typed)


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    """The items of one page, and which they are: `first` counts from 1."""

    items: tuple[T, ...]
    number: int
    count: int
    first: int

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1

    @property
    def words(self) -> str:
        """“: 31 to 60”, behind how many there are; nothing where all are on one page."""
        return "" if self.count == 1 else f": {self.first:,} to {self.last:,}"


def page_of(items: Sequence[T], asked: int, size: int) -> PageOf[T]:
    """The page that is asked for; beyond the last one, the last one."""
    count = max(1, -(-len(items) // size))
    number = min(asked, count)
    start = (number - 1) * size
    return PageOf(tuple(items[start : start + size]), number, count, start + 1)


def whole_list_query(page: int) -> dict[str, str]:
    """The query of a page of the list that nothing filters: what search engines are to keep."""
    return {} if page == 1 else {"page": str(page)}


@dataclass(frozen=True, slots=True)
class PageLink:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Paging:
    """The first page, the last and those around the present one. Empty where there is one."""

    links: tuple[PageLink, ...] = ()
    previous_url: str = ""
    next_url: str = ""


def paging(
    path: str, query: Callable[[int], Mapping[str, str]], page: int, page_count: int
) -> Paging:
    """The links, each to the path with the query that stands for a page."""

    def url(number: int) -> str:
        return with_query(path, query(number))

    if page_count == 1:
        return Paging()
    near = {1, page_count, *range(page - 1, page + 2)}
    numbers = sorted(number for number in near if 1 <= number <= page_count)
    return Paging(
        links=tuple(PageLink(str(number), url(number), number == page) for number in numbers),
        previous_url=url(page - 1) if page > 1 else "",
        next_url=url(page + 1) if page < page_count else "",
    )

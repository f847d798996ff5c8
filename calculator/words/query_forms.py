"""A query string as a form, and what filters and sorts a list by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

from django import forms
from django.forms.renderers import Jinja2

from calculator.words.formatting import shortened

T = TypeVar("T")
C = TypeVar("C", bound="Criteria")
F = TypeVar("F", bound="QueryForm")


def for_message(typed: str) -> str:
    """What somebody typed, as part of a field's message: Django puts values in its % places."""
    return typed.replace("%", "%%")


def choice_field(form: forms.Form, name: str) -> forms.ChoiceField:
    """A form's own copy of a field whose choices are only known now."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    return field


class QueryForm(forms.Form):
    """Always bound; what is left out, or emptied, has its default.

    Names that are no fields stay out, so that the form's data is what it was asked.
    """

    # Django's own widgets as Jinja draws them: a list of all models in a third of the time. One for
    # all forms, since each renderer compiles its templates anew.
    default_renderer = Jinja2()
    use_required_attribute = False
    id_prefix = "filter"
    data: dict[str, str]
    defaults: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, query: Mapping[str, str], *, defaults: Mapping[str, str] | None = None
    ) -> None:
        asked = {name: query[name] for name in self.base_fields if query.get(name, "").strip()}
        super().__init__({**(defaults or self.defaults), **asked}, auto_id=f"{self.id_prefix}-%s")
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"{self.id_prefix}-{name}_error"

    def offer(
        self, name: str, choices: Iterable[tuple[str, str]], present: set[str] | None = None
    ) -> None:
        """Accept every choice, but show only those that lead somewhere, and what was asked."""
        field = choice_field(self, name)
        field.choices = choices = list(choices)
        known = dict(choices)
        asked = field.to_python(self.data.get(name, ""))
        if asked in known:
            # Without its capitals, the field would not show as chosen what it filters by.
            self.data[name] = asked
        shown = [each for each in choices if present is None or each[0] in {*present, asked}]
        if asked and asked not in known:
            shown.append((asked, shortened(asked)))
        if not field.required:
            shown.insert(0, ("", "any"))
        field.widget.choices = shown
        field.error_messages["invalid_choice"] = (
            f"Choose one from the list: “{for_message(shortened(asked))}” is not in it."
        )

    def typed(self) -> dict[str, str]:
        """The query as it was typed, for the address of a page that shows its errors."""
        return {name: self.data[name] for name in self.fields if name in self.data}


def without_mistakes(
    form: F, again: Callable[[Mapping[str, str]], F], *, but: Iterable[str] = ()
) -> tuple[F, tuple[str, ...]]:
    """The form of the same query with defaults for what is wrong, and the names of that.

    but: names of which a page makes do with a mistake.
    """
    names: list[str] = []
    while wrong := [name for name in form.errors if name not in {*but, *names}]:
        names += wrong
        form = again({name: text for name, text in form.data.items() if name not in names})
    return form, tuple(names)


def search_field(longest: int, example: str) -> forms.CharField:
    return forms.CharField(
        required=False,
        label="Search",
        max_length=longest,
        error_messages={"max_length": f"Search for at most {longest} characters."},
        widget=forms.TextInput(attrs={"placeholder": f"e.g. {example}"}),
    )


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the items of a list have to be. A criterion that is empty holds for all of them."""

    def criteria(self) -> tuple[str, ...]:
        """The names of the criteria that are set."""
        return tuple(
            each.name for each in fields(self) if getattr(self, each.name) != each.default
        )

    def without(self: C, criterion: str) -> C:
        return replace(self, **{criterion: getattr(type(self)(), criterion)})


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by; in a URL `cloud_price`, or `-cloud_price` from the top down."""

    column: str
    is_descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Order:
        return cls(text.removeprefix("-"), text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.column}" if self.is_descending else self.column

    def reversed(self) -> Order:
        return Order(self.column, not self.is_descending)

    def of(self, items: Iterable[T], value: Callable[[T], Any]) -> tuple[T, ...]:
        """Sort, keeping the order of equals. What has no value comes last in both directions."""
        known: list[T] = []
        unknown: list[T] = []
        for item in items:
            (unknown if value(item) is None else known).append(item)
        known.sort(key=value, reverse=self.is_descending)
        return (*known, *unknown)

"""A file's text → the question that it is about here.

`READERS` is the place for more kinds of file: each says what it is called and reads a text, or
says with None that the text is not of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from calculator.catalog import Catalog
from calculator.estimation import FieldError, InputError
from calculator.estimation.architectures.parameters import count_parameters
from calculator.models import Task
from calculator.pages.api.questions import question_errors
from calculator.pages.api.shapes import ImportJson
from calculator.question.adapters import is_adapter
from calculator.question.json_text import parse_json
from calculator.question.reading import Question, read_question
from calculator.words.addresses import path_of, with_query


class Imported(NamedTuple):
    """What kind of file it was, and what it asks."""

    kind: str
    question: Question


Reader = Callable[[Catalog, str], "Imported | None"]


def read_file(catalog: Catalog, text: str) -> Imported:
    """What a file asks.

    Raises:
        InputError: nothing reads it, or what it says is not understood.
    """
    for reader in READERS:
        imported = reader(catalog, text)
        if imported is None:
            continue
        errors = question_errors(imported.question)
        if errors:
            raise InputError(errors)
        return imported
    raise InputError([FieldError("body", "is neither a config.json nor an adapter_config.json.")])


def _read_json_file(catalog: Catalog, text: str) -> Imported | None:
    """A model's config.json, or peft's adapter_config.json, as the page reads them."""
    value = parse_json(text)
    if not isinstance(value, dict):
        return None
    kind = "adapter_config.json" if is_adapter(value) else "config.json"
    return Imported(kind, read_question(catalog, Task.TRAINING, {"config": text}))


READERS: tuple[Reader, ...] = (_read_json_file,)


def imported_as_json(imported: Imported) -> ImportJson:
    question = imported.question
    subject, run = question.subject, question.run
    assert subject is not None
    assert subject.architecture is not None
    assert run is not None
    return {
        "kind": imported.kind,
        "model": subject.name,
        "parameters": count_parameters(subject.architecture).total_count,
        "settings": run.query(),
        "notes": list(subject.notes),
        "query": question.query,
        "page_path": with_query(path_of("calculator:training"), question.query),
    }

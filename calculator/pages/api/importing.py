"""A file's text → the question that it is about here.

`READERS` is the place for more kinds of file: each says what it is called and reads a text, or
says with None that the text is not of its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from calculator.carrying.imports.documents import NotReadable
from calculator.carrying.imports.reading import Line
from calculator.carrying.imports.understanding import understand
from calculator.catalog import Catalog
from calculator.estimation import FieldError, InputError
from calculator.estimation.architectures.parameters import count_parameters
from calculator.pages.api.questions import question_errors
from calculator.pages.api.shapes import ImportedLineJson, ImportJson
from calculator.presets.forms import DEFAULT_SIZE_B
from calculator.question.adapters import is_adapter
from calculator.question.json_text import parse_json
from calculator.question.reading import Question, read_question
from calculator.question.training_form import precise_query, run_of
from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import query_number


class Imported(NamedTuple):
    """What kind of file it was, and what it asks; of a trainer's file each line besides."""

    kind: str
    question: Question
    method: str = ""
    lines: tuple[Line, ...] = ()
    assumptions: tuple[str, ...] = ()


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
    message = "is no config.json, no adapter_config.json and no trainer's file that is read here."
    raise InputError([FieldError("body", message)])


def _read_json_file(catalog: Catalog, text: str) -> Imported | None:
    """A model's config.json, or peft's adapter_config.json, as the page reads them."""
    if not text.startswith(("{", "[")):
        return None
    value = parse_json(text)
    if not isinstance(value, dict) or not {"model_type", "peft_type"} & set(value):
        return None
    kind = "adapter_config.json" if is_adapter(value) else "config.json"
    return Imported(kind, read_question(catalog, {"config": text}))


def _read_trainers_file(catalog: Catalog, text: str) -> Imported | None:
    """What a trainer is started with: YAML, DeepSpeed's JSON, a command line, a script."""
    try:
        found = understand(text)
    except NotReadable as error:
        raise InputError([FieldError("body", str(error))]) from error
    run = run_of(found.trainer, {**found.defaults, **found.stated})
    subject = {"model": found.model} if found.model else {"size": query_number(DEFAULT_SIZE_B)}
    question = read_question(catalog, {**subject, **precise_query(run, subject)})
    return Imported(found.tool_name, question, found.method, found.lines, found.assumptions)


READERS: tuple[Reader, ...] = (_read_json_file, _read_trainers_file)


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
        "method": imported.method,
        "lines": [_line_as_json(line) for line in imported.lines],
        "assumptions": list(imported.assumptions),
        "query": question.query,
        "page_path": with_query(path_of("calculator:training"), question.query),
    }


def _line_as_json(line: Line) -> ImportedLineJson:
    return {
        "number": line.number,
        "name": line.name,
        "verdict": line.verdict,
        "words": line.words,
    }

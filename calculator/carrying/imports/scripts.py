"""A Python script's arguments, read from its syntax tree: nothing of it is ever run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from calculator.carrying.imports.documents import MOST_VALUES, Document, Given, NotReadable, Opaque

# Calls whose keyword arguments are read: configurations, trainers and what loads a model.
_ENDINGS = ("Config", "Arguments", "Trainer")
_CALLS = frozenset(
    {"from_pretrained", "get_peft_model", "prepare_model_for_kbit_training"}
    | {"gradient_checkpointing_enable"}
)
_NOT_A_MODEL = ("Tokenizer", "Processor", "GenerationConfig", "ImageProcessor")
_LONGEST_LIST = 200


def read_python(text: str) -> Document:
    """The keyword arguments of calls that configure a run, and an argument parser's defaults.

    A name that is assigned once, at any level, stands for its value; what only a run would tell
    is Opaque.

    Raises:
        NotReadable: it is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        nodes = list(ast.walk(tree))
        known = _constants(nodes)
        givens = [given for node in nodes for given in _givens(node, known)]
    except SyntaxError as error:
        raise NotReadable(f"Line {error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotReadable("This is not Python that can be read.") from error
    if len(givens) > MOST_VALUES:
        raise NotReadable("This is too long for a configuration.")
    words = {alias for node in nodes for alias in _words(node)}
    return Document("python", tuple(sorted(givens, key=lambda g: g.line)), frozenset(words))


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Call):
        yield _called(node)[0]


def _constants(nodes: list[ast.AST]) -> dict[str, Any]:
    """Names that are assigned once, dataclass fields and parsers' arguments with a default."""
    found: dict[str, Any] = {}
    twice: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            if target.id in found:
                twice.add(target.id)
            found[target.id] = _value(value, {})
    known = {name: value for name, value in found.items() if name not in twice}
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node)[0] == "add_argument":
            known |= {given.path[1]: given.value for given in _argument(node, known)}
    return known


def _givens(node: ast.AST, known: Mapping[str, Any]) -> Iterator[Given]:
    if not isinstance(node, ast.Call):
        return
    name, owner = _called(node)
    if name == "add_argument":
        yield from _argument(node, known)
        return
    if not (name in _CALLS or name.endswith(_ENDINGS)):
        return
    if name == "from_pretrained" and any(word in owner for word in _NOT_A_MODEL):
        return
    if name in ("prepare_model_for_kbit_training", "gradient_checkpointing_enable"):
        yield Given((name,), True, node.lineno)
    if name in ("from_pretrained", "SFTTrainer") and node.args:
        first = _value(node.args[0], known)
        if isinstance(first, str):
            yield Given((name, "model_name_or_path"), first, node.lineno)
    for keyword in node.keywords:
        if isinstance(keyword.value, ast.Dict) and keyword.arg is not None:
            yield from _of_dict((name, keyword.arg), keyword.value, known)
        elif keyword.arg is not None:
            place = (name, keyword.arg)
            yield Given(place, _value(keyword.value, known), keyword.value.lineno)
        else:
            yield Given((name, "**"), Opaque(ast.unparse(keyword.value)[:60]), node.lineno)


def _of_dict(path: tuple[str, ...], node: ast.Dict, known: Mapping[str, Any]) -> Iterator[Given]:
    """gradient_checkpointing_kwargs={"use_reentrant": False}"""
    for key, value in zip(node.keys, node.values, strict=True):
        name = key.value if isinstance(key, ast.Constant) else "**"
        yield Given((*path, str(name)), _value(value, known), value.lineno)


def _argument(node: ast.Call, known: Mapping[str, Any]) -> Iterator[Given]:
    """parser.add_argument("--lora_r", default=16)"""
    flags = [_value(arg, known) for arg in node.args]
    names = [flag for flag in flags if isinstance(flag, str) and flag.startswith("--")]
    for keyword in node.keywords:
        if keyword.arg == "default" and names:
            name = names[0].lstrip("-").replace("-", "_")
            yield Given(("add_argument", name), _value(keyword.value, known), node.lineno)


def _called(node: ast.Call) -> tuple[str, str]:
    """The function's own name, and what it is an attribute of."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        owner = function.value
        while isinstance(owner, ast.Attribute):
            if owner.attr[:1].isupper():
                return function.attr, owner.attr
            owner = owner.value
        return function.attr, owner.id if isinstance(owner, ast.Name) else ""
    return "", ""


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """A literal, a name that stands for one, or torch.bfloat16 as its last word."""
    if isinstance(node, ast.Constant):
        ours = isinstance(node.value, bool | int | float | str | None)
        return node.value if ours else Opaque(repr(node.value)[:60])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand, known)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return -value if is_number else Opaque(ast.unparse(node)[:60])
    if isinstance(node, ast.List | ast.Tuple | ast.Set) and len(node.elts) <= _LONGEST_LIST:
        values = [_value(item, known) for item in node.elts]
        if not any(isinstance(value, Opaque | list) for value in values):
            return values
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Attribute):
        if isinstance(node.value, ast.Name) and node.value.id == "torch":
            return node.attr
        if node.attr in known:  # args.lora_r, of a class whose field that is
            return known[node.attr]
    return Opaque(ast.unparse(node)[:60])

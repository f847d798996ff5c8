"""Command line → what is asked. The settings' flags are the fields of `TrainingSettings`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from calculator.estimation.cluster.sharding import OFFLOADS, STRATEGIES
from calculator.estimation.settings import (
    ALL_LINEAR,
    CHOICES,
    MAXIMUM_OF_FIELD,
    MINIMUM_OF_FIELD,
    TrainingSettings,
)

ALL_METHODS = "all"
EXIT_STATUS = (
    "Exit status: 0 if every method asked about fits (always, where no --gpu is stated), 1 if one"
    " does not, 2 if the question is wrong. What is tight does not fit, unless --allow-tight."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A command line, read. Exactly one of model, config_path and size_b says which model.

    settings and cluster hold what was stated alone, under the names of the API.
    """

    model: str
    config_path: str
    size_b: str
    methods: tuple[str, ...]
    gpu: str
    settings: dict[str, Any]
    cluster: dict[str, Any]
    allows_tight: bool
    wants_json: bool


def read_arguments(arguments: Sequence[str] | None) -> Asked:
    """Read them; argparse says what is wrong and exits with status 2."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    subjects = [name for name in ("model", "config", "size") if given[name]]
    if len(subjects) != 1:
        parser.error("say which model: its name, or --config, or --size, and one of them only")
    names = [item.name for item in fields(TrainingSettings) if item.name != "method"]
    cluster = {"gpu_count": given["gpus"], "strategy": given["strategy"]}
    cluster["offload"] = given["offload"]
    return Asked(
        model=given["model"] or "",
        config_path=given["config"] or "",
        size_b=given["size"] or "",
        methods=CHOICES["method"] if given["method"] == ALL_METHODS else (given["method"],),
        gpu=given["gpu"] or "",
        settings={name: given[name] for name in names if given[name] is not None},
        cluster={name: value for name, value in cluster.items() if value is not None},
        allows_tight=given["allow_tight"],
        wants_json=given["json"],
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="finetuning-vram",
        description="How much GPU memory fine-tuning a language model takes.",
        epilog=EXIT_STATUS,
        allow_abbrev=False,
    )
    parser.add_argument("model", nargs="?", help="a model: llama-3.1-8b, Qwen/Qwen3-8B")
    parser.add_argument("--config", metavar="FILE", help="a config.json instead; - for stdin")
    parser.add_argument("--size", metavar="B", help="billions of parameters instead: 7")
    parser.add_argument("--method", choices=[*CHOICES["method"], ALL_METHODS], default=ALL_METHODS)
    parser.add_argument("--gpu", help="what it has to fit: rtx-4090, or a size such as 24GB")
    parser.add_argument("--allow-tight", action="store_true", help="tight is good enough")
    parser.add_argument("--json", action="store_true", help="print JSON")
    cluster = parser.add_argument_group("several GPUs")
    cluster.add_argument("--gpus", type=int, metavar="N", help="how many (default: 1)")
    cluster.add_argument("--strategy", choices=STRATEGIES, help="default: the first that fits")
    cluster.add_argument("--offload", choices=OFFLOADS, help="what the host's memory holds")
    settings = parser.add_argument_group(
        "settings", "A trainer sets what is not stated to its own defaults."
    )
    for item in fields(TrainingSettings):
        if item.name != "method":
            _add_setting(settings, item)
    return parser


def _add_setting(group: argparse._ArgumentGroup, item: Field[Any]) -> None:
    name, default = item.name, item.default
    assert default is not MISSING
    options: dict[str, Any] = {"dest": name, "help": f"default: {default}" if default else None}
    if isinstance(default, bool):
        options |= {"action": argparse.BooleanOptionalAction, "default": None}
        options["help"] = f"default: {'on' if default else 'off'}"
    elif name in MAXIMUM_OF_FIELD:
        bounds = f"{MINIMUM_OF_FIELD.get(name, 1)} to {MAXIMUM_OF_FIELD[name]:,}"
        options |= {"type": int, "metavar": "N", "help": f"{bounds}, default: {default}"}
    elif name in CHOICES:
        options["choices"] = [choice for choice in CHOICES[name] if choice]
    elif name == "lora_targets":
        options |= {"type": _targets, "metavar": "NAMES"}
        options["help"] = f"q_proj,v_proj (default: {ALL_LINEAR})"
    else:
        options |= {"type": float, "metavar": "FRACTION"}
    group.add_argument(f"--{name.replace('_', '-')}", **options)


def _targets(text: str) -> str | list[str]:
    return text if text == ALL_LINEAR else [name.strip() for name in text.split(",")]

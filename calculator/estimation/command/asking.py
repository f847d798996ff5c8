"""What is asked on the command line → each method's run, and whether it fits."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.config_json import architecture_from_config
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.cluster.setups import Setup, best_setup
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import Sharding, sharding_from_mapping
from calculator.estimation.command.arguments import Asked
from calculator.estimation.command.catalog import Gpu, find_architecture, find_gpu
from calculator.estimation.errors import FieldError, InputError
from calculator.estimation.lora_targets import check_targets
from calculator.estimation.settings import TrainingSettings, settings_from_mapping
from calculator.estimation.verdict import Verdict

LARGEST_CONFIG_BYTES = 256_000
SMALLEST_B, LARGEST_B = Decimal("0.1"), Decimal(2000)


@dataclass(frozen=True, slots=True)
class MethodAnswer:
    """One method's run on each of the GPUs, with the verdict where a GPU is stated."""

    settings: TrainingSettings
    run: ShardedEstimate
    verdict: Verdict | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Every method that was asked about. gpu is None where none was stated."""

    model: str
    gpu: Gpu | None
    gpu_count: int
    methods: tuple[MethodAnswer, ...]
    fits: bool


def answer(asked: Asked) -> Answer:
    """Estimate every method that is asked about.

    Raises:
        InputError: with what is wrong.
    """
    architecture = _architecture(asked)
    sharding = sharding_from_mapping(asked.cluster)
    gpu = find_gpu(asked.gpu) if asked.gpu else None
    methods = []
    for method in asked.methods:
        settings = settings_from_mapping(asked.settings, method=method)
        check_targets(architecture, settings)
        methods.append(_method(architecture, settings, sharding, gpu, asked))
    good = {"fits", "tight"} if asked.allows_tight else {"fits"}
    return Answer(
        model=architecture.name,
        gpu=gpu,
        gpu_count=sharding.gpu_count,
        methods=tuple(methods),
        fits=gpu is None or all(each.verdict in good for each in methods),
    )


def _method(
    architecture: Architecture,
    settings: TrainingSettings,
    sharding: Sharding,
    gpu: Gpu | None,
    asked: Asked,
) -> MethodAnswer:
    """As stated; where neither strategy nor offload is, in the first way that fits the GPUs."""
    is_stated = "strategy" in asked.cluster or "offload" in asked.cluster
    if gpu is not None and not is_stated:
        setup = best_setup(architecture, settings, gpu.usable_bytes, sharding.gpu_count)
        if setup is not None:
            return MethodAnswer(settings, setup.estimate, setup.verdict, setup.verdict_sentence)
    run = estimate_sharded(architecture, settings, sharding)
    if gpu is None:
        return MethodAnswer(settings, run, None, "")
    setup = Setup(run, gpu.usable_bytes)
    return MethodAnswer(settings, run, setup.verdict, setup.verdict_sentence)


def _architecture(asked: Asked) -> Architecture:
    if asked.model:
        return find_architecture(asked.model)
    if asked.size_b:
        return typical_architecture(_size(asked.size_b))
    return _of_config(asked.config_path)


def _size(typed: str) -> Decimal:
    try:
        size_b = Decimal(typed.strip().rstrip("bB"))
        if SMALLEST_B <= size_b <= LARGEST_B:
            return size_b
    except InvalidOperation:
        pass
    message = f"must be a number between {SMALLEST_B} and {LARGEST_B:,}: billions."
    raise InputError([FieldError("size", message, "out_of_bounds")])


def _of_config(path: str) -> Architecture:
    try:
        text = sys.stdin.read() if path == "-" else _text_of(Path(path))
        config = json.loads(text)
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InputError([FieldError("config", f"cannot be read: {error}")]) from error
    if not isinstance(config, dict):
        raise InputError([FieldError("config", "must be the JSON object of a config.json.")])
    named = str(config.get("_name_or_path") or "")
    return architecture_from_config(config, named or "your model")


def _text_of(path: Path) -> str:
    if path.stat().st_size > LARGEST_CONFIG_BYTES:
        raise ValueError(f"it has more than {LARGEST_CONFIG_BYTES:,} bytes")
    return path.read_text(encoding="utf-8-sig")

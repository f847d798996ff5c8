"""A run → the files of a tool, what the tool cannot say of it, and how to start it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from calculator.carrying.exports.axolotl import axolotl_items
from calculator.carrying.exports.hugging_face import trl_script, unsloth_script
from calculator.carrying.exports.job import QUANTIZED_AS_PUBLISHED, Job, estimate_of
from calculator.carrying.exports.launching import (
    ACCELERATE_FILE,
    DEEPSPEED_FILE,
    accelerate_items,
    deepspeed_items,
)
from calculator.carrying.exports.llama_factory import llama_factory_items
from calculator.carrying.exports.torchtune import (
    builder_of,
    recipe_name,
    torchtune_items,
    weights_folder,
)
from calculator.carrying.exports.writing import (
    Item,
    comment,
    json_text,
    notes_of,
    yaml_lines,
)
from calculator.carrying.fields import fields_of
from calculator.carrying.imports.reading import value_words
from calculator.carrying.imports.understanding import understand
from calculator.estimation import SettingsError, TrainingSettings
from calculator.estimation.settings import changed_fields
from calculator.question.training_fields import FIELDS
from calculator.words.formatting import format_gb

TOOL_NAMES = {
    "trl": "TRL + PEFT",
    "axolotl": "Axolotl",
    "llama-factory": "LLaMA-Factory",
    "torchtune": "torchtune",
    "unsloth": "Unsloth",
}
# Whose versions a tool's files are written for.
VERSIONS_OF = {
    "trl": ("trl", "peft", "bitsandbytes"),
    "axolotl": ("axolotl",),
    "llama-factory": ("llama-factory",),
    "torchtune": ("torchtune",),
    "unsloth": ("unsloth", "trl"),
}
_PACKAGES = {"trl": "TRL", "peft": "peft", "bitsandbytes": "transformers", "unsloth": "Unsloth"}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file, by the name under which it is saved. notes: for a format without comments."""

    name: str
    text: str
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """What is taken along.

    cannot says what the tool does otherwise than the page, with bytes. likely_bytes is the figure
    of what the files say, which differs from the page's by these. Without files, reason says why.
    """

    tool: str
    files: tuple[ExportFile, ...]
    command: str
    versions: str
    cannot: tuple[str, ...] = ()
    likely_bytes: int = 0
    reason: str = ""


def export(job: Job, tool: str) -> Export:
    """The files for one of TOOL_NAMES."""
    reason = _impossible(job, tool)
    if reason:
        return Export(tool, (), "", versions_of(tool), reason=reason)
    name, write, command = _WRITERS[tool]
    read = _read_back(job, "\n".join(write(job)))
    cannot = _differences(job, tool, read)
    counted = replace(job, counted=read)
    head = _head(counted, tool, cannot)
    files = [ExportFile(name, "\n".join([*head, "", *write(counted)]) + "\n")]
    files += _launch_files(counted, tool)
    return Export(
        tool,
        tuple(files),
        command(job),
        versions_of(tool),
        tuple(cannot),
        counted.likely_bytes,
    )


def versions_of(tool: str) -> str:
    """“TRL 1.16.0, peft 0.21.0, transformers 5.23.0”"""
    parts = (fields_of(name) for name in VERSIONS_OF[tool])
    return ", ".join(
        f"{_PACKAGES.get(part.tool, TOOL_NAMES.get(part.tool, part.tool))} {part.version}"
        for part in parts
    )


def _impossible(job: Job, tool: str) -> str:
    """Why a tool cannot run this at all, in a sentence; empty where it can."""
    sharding = job.sharding
    if tool == "torchtune":
        version = fields_of("torchtune").version
        if not builder_of(job.names):
            return f"torchtune {version} has no model that {job.model_name} is a copy of."
        if job.is_shared and sharding.strategy != "fsdp":
            return f"torchtune {version} shares a run out by FSDP 2 alone, not by {sharding.name}."
    if tool == "unsloth" and job.is_shared and sharding.strategy != "ddp":
        return f"Unsloth runs on one GPU, or on several by DDP, not by {sharding.name}."
    return ""


def _head(job: Job, tool: str, cannot: Iterable[str]) -> list[str]:
    each = "" if job.gpu_count == 1 else " on each"
    method = {"full": "Full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}[job.method]
    figure = _gb(job.likely_bytes)
    lines = comment(f"{method} of {job.model_name} with {TOOL_NAMES[tool]} on {job.where}.")
    lines += comment(f"About {figure}{each}, by this file. For {versions_of(tool)}.")
    if job.settings.quantization in QUANTIZED_AS_PUBLISHED and job.method == "qlora":
        kind = QUANTIZED_AS_PUBLISHED[job.settings.quantization]
        lines += comment(f"The model has to be one that is published in {kind}.")
    for words in cannot:
        lines += comment(words)
    return lines


def _read_back(job: Job, text: str) -> TrainingSettings:
    """The settings that a file says, as its tool reads it."""
    read = understand(text).settings
    if job.method == "qlora" and job.settings.quantization in QUANTIZED_AS_PUBLISHED:
        # The model's own files say so; nothing in the tool's does.
        read = replace(read, method="qlora", quantization=job.settings.quantization)
    try:
        estimate_of(job.architecture, read, job.sharding)
    except SettingsError:
        return job.settings
    return read


def _differences(job: Job, tool: str, read: TrainingSettings) -> list[str]:
    """What the file says otherwise than the page, each with its bytes."""
    words = []
    for name in changed_fields(read, job.settings):
        value = getattr(read, name)
        likely = job.likely_with(**{name: value})
        if name not in FIELDS or likely is None or likely == job.likely_bytes:
            continue
        more = likely - job.likely_bytes
        amount = f"{_gb(abs(more))} {'more' if more > 0 else 'less'}"
        wanted = getattr(job.settings, name)
        words.append(
            f"Otherwise in {TOOL_NAMES[tool]}, {FIELDS[name].label}:"
            f" “{value_words(name, value)}” instead of “{value_words(name, wanted)}”"
            f" ({amount})."
        )
    return words


def _launch_files(job: Job, tool: str) -> list[ExportFile]:
    if not job.is_shared or tool in ("torchtune", "unsloth"):
        return []
    files = []
    if tool == "trl" or (tool == "llama-factory" and job.sharding.is_fsdp):
        version = fields_of("accelerate").version
        head = comment(f"For accelerate {version}: {job.where}.")
        lines = [*head, *yaml_lines(accelerate_items(job))]
        files.append(ExportFile(ACCELERATE_FILE, "\n".join(lines) + "\n"))
    if job.sharding.is_deepspeed:
        items = deepspeed_items(job)
        notes = tuple(notes_of(items))
        files.append(ExportFile(DEEPSPEED_FILE, json_text(items), notes))
    return files


def _gb(size: int) -> str:
    return format_gb(size).replace("\u00a0", " ")


def _trl_command(job: Job) -> str:
    if not job.is_shared:
        return "accelerate launch --num_processes 1 train.py"
    return f"accelerate launch --config_file {ACCELERATE_FILE} train.py"


def _axolotl_command(job: Job) -> str:
    several = "" if not job.is_shared else f" --num-processes {job.gpu_count}"
    return f"axolotl train axolotl.yaml{several}"


def _llama_factory_command(job: Job) -> str:
    if not job.is_shared:
        return "llamafactory-cli train llama-factory.yaml"
    if job.sharding.is_fsdp:
        start = f"accelerate launch --config_file {ACCELERATE_FILE}"
        return f"{start} src/train.py llama-factory.yaml"
    return "FORCE_TORCHRUN=1 llamafactory-cli train llama-factory.yaml"


def _torchtune_command(job: Job) -> str:
    several = "" if not job.is_shared else f"--nproc_per_node {job.gpu_count} "
    download = f"tune download {job.model_id} --output-dir {weights_folder(job)}"
    return f"{download} && tune run {several}{recipe_name(job)} --config torchtune.yaml"


def _unsloth_command(job: Job) -> str:
    if not job.is_shared:
        return "python train_unsloth.py"
    return f"torchrun --nproc_per_node {job.gpu_count} train_unsloth.py"


def _of_yaml(items: Callable[[Job], list[Item]]) -> Callable[[Job], list[str]]:
    return lambda job: yaml_lines(items(job))


_Writer = tuple[str, Callable[[Job], list[str]], Callable[[Job], str]]
_WRITERS: dict[str, _Writer] = {
    "trl": ("train.py", trl_script, _trl_command),
    "axolotl": ("axolotl.yaml", _of_yaml(axolotl_items), _axolotl_command),
    "llama-factory": (
        "llama-factory.yaml",
        _of_yaml(llama_factory_items),
        _llama_factory_command,
    ),
    "torchtune": ("torchtune.yaml", _of_yaml(torchtune_items), _torchtune_command),
    "unsloth": ("train_unsloth.py", unsloth_script, _unsloth_command),
}

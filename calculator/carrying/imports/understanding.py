"""A configuration's text → the tool that it is for, what it says, and what it leaves open."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from calculator.carrying.fields import fields_of
from calculator.carrying.imports import (
    axolotl,
    distributed,
    hugging_face,
    llama_factory,
    torchtune,
)
from calculator.carrying.imports.commands import is_command, read_command
from calculator.carrying.imports.documents import (
    LARGEST_BYTES,
    Document,
    NotReadable,
    read_json,
    read_yaml,
)
from calculator.carrying.imports.harmless import is_harmless
from calculator.carrying.imports.reading import (
    PREFERENCE,
    Handler,
    Line,
    Reading,
    read_all,
    value_words,
)
from calculator.carrying.imports.scripts import read_python
from calculator.estimation import SettingsError, TrainingSettings, settings_from_mapping
from calculator.estimation.cluster import Sharding, sharding_from_mapping
from calculator.estimation.trainers import TRAINERS
from calculator.question.training_fields import FIELDS

_NOTHING = (
    "Nothing of this is a setting of a training run that is known here. What is read: YAML of Axolotl,"
    " LLaMA-Factory, torchtune and TRL, DeepSpeed’s JSON, accelerate’s YAML, command lines and"
    " Python scripts."
)
# A cluster whose size is not in the file.
ASSUMED_GPU_COUNT = 8
# accelerate/utils/dataclasses.py: FSDP_VERSION is 1; transformers' own is 2 (training_args.py).
_FSDP_1 = ("Axolotl", "accelerate")


class _Tool(NamedTuple):
    """trainer: whose defaults hold for what is not stated."""

    name: str
    trainer: str
    table: Mapping[str, Handler]
    settle: Callable[[Reading], str]
    fields: tuple[str, ...]
    defaults: Mapping[str, Any] = {}


def _no_method(reading: Reading) -> str:
    """A file of DeepSpeed or accelerate says how a run is shared out, not what is trained."""
    return ""


_HUGGING_FACE_FIELDS = ("trl", "peft", "bitsandbytes", "unsloth")
TOOLS: dict[str, _Tool] = {
    "axolotl": _Tool("Axolotl", "axolotl", axolotl.TABLE, axolotl.settle, ("axolotl",)),
    "llama-factory": _Tool(
        "LLaMA-Factory",
        "llama-factory",
        llama_factory.TABLE,
        llama_factory.settle,
        ("llama-factory",),
    ),
    "torchtune": _Tool(
        "torchtune", "torchtune", torchtune.TABLE, torchtune.settle, ("torchtune",)
    ),
    "trl": _Tool("TRL", "trl", hugging_face.TABLE, hugging_face.settle, _HUGGING_FACE_FIELDS),
    "unsloth": _Tool(
        "Unsloth", "unsloth", hugging_face.TABLE, hugging_face.settle, _HUGGING_FACE_FIELDS
    ),
    "transformers": _Tool(
        "transformers",
        "",
        hugging_face.TABLE,
        hugging_face.settle,
        _HUGGING_FACE_FIELDS,
        hugging_face.PLAIN_DEFAULTS,
    ),
    "deepspeed": _Tool("DeepSpeed", "", distributed.ALL, _no_method, ("deepspeed",)),
    "accelerate": _Tool("accelerate", "", distributed.ALL, _no_method, ("accelerate",)),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """What a configuration comes to.

    model is the name as it stands there; method is empty where the file says nothing of it.
    stated holds the settings that the file states, under our names; defaults what the tool sets
    when nobody does. sharding is None for one GPU.
    """

    tool: str
    tool_name: str
    model: str
    method: str
    stated: Mapping[str, Any]
    lines: tuple[Line, ...]
    trainer: str = ""
    sharding: Sharding | None = None
    remarks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> TrainingSettings:
        """The settings of the run; a plain LoRA run where the file says no method."""
        values = {**self.defaults, **self.stated, "trainer": self.trainer}
        return settings_from_mapping(values, method=self.method or "lora")

    def with_targets(self, targets: tuple[str, ...] | str, words: str) -> Imported:
        """The same with other target modules, and why."""
        stated = {**self.stated, "lora_targets": targets}
        return replace(self, stated=stated, remarks=(*self.remarks, words))


def understand(text: str) -> Imported:
    """Read a configuration of any of the tools.

    Raises:
        NotReadable: it is too long, or none of the formats.
    """
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\x00", "")
    if len(text.encode("utf-8", "replace")) > LARGEST_BYTES:
        raise NotReadable(f"This is longer than {LARGEST_BYTES // 1000} kB, which no setup needs.")
    if not text.strip():
        raise NotReadable("Nothing was given. Paste a configuration, or choose its file.")
    document = _document(text)
    slug = _tool_of(document)
    tool = TOOLS[slug]
    known = frozenset[str]().union(*(fields_of(name).fields for name in tool.fields))
    known |= fields_of("accelerate").fields | fields_of("deepspeed").fields
    reading = Reading(tool.name, tool.trainer)
    if document.kind == "python":
        calls = {given.path[0] for given in document.givens} | document.words
        reading.flags["adapters"] = True if {"LoraConfig", "get_peft_model"} & calls else None
        if any(call.startswith(hugging_face.PREFERENCE_WORDS) for call in calls):
            reading.remark(PREFERENCE)
    if document.kind == "command":
        reading.remark("What the script sets by itself does not stand in its command.")
    if any(word.endswith(("dpo", "dpo.py", "orpo.py", "kto.py")) for word in document.words):
        reading.remark(PREFERENCE)
    # Launchers state how many machines after how many GPUs each has.
    givens = sorted(document.givens, key=lambda given: given.path[-1] not in _FIRST)
    read_all(reading, givens, tool.table, harmless=is_harmless, known=known)
    if not any(line.verdict == "understood" for line in reading.lines):
        raise NotReadable(_NOTHING)
    if reading.flags.get("adapters") is None:
        reading.flags.pop("adapters", None)
    method = _by_name(reading, tool.settle(reading))
    return _imported(slug, tool, reading, method)


def _by_name(reading: Reading, method: str) -> str:
    """The method; a base that its name says is quantised makes QLoRA of LoRA."""
    name = reading.model.casefold()
    kinds = {"gptq": "gptq", "awq": "awq", "bnb-4bit": "nf4_double", "bnb-nf4": "nf4_double"}
    kind = next((kinds[word] for word in kinds if word in name), "")
    if method != "lora" or not kind:
        return method
    reading.values.setdefault("quantization", kind)
    words = value_words("quantization", kind)
    reading.remark(f"By its name the base is quantised ({words}), so this is QLoRA.")
    return "qlora"


_FIRST = frozenset({"nnodes", "num_machines", "_component_"})


def _document(text: str) -> Document:
    """The text by the format that it is in: what it looks like first."""
    start = text.lstrip()
    if start.startswith("{"):
        return read_json(text)
    looks_like_python = re.search(
        r"^[ \t]*(?:from [\w.]+ import |import \w+|def \w+\(|\w+ = \w*\(|@dataclass)",
        text,
        re.MULTILINE,
    ) or re.search(r"^[ \t]*\w+(?:\.\w+)*\([ \t]*$", text, re.MULTILINE)
    if looks_like_python or re.match(r"[\w.]+\s*=\s*[\w.]+\(|[\w.]+\(", start):
        return read_python(text)
    if is_command(text):
        return read_command(text)
    return read_yaml(text)


def _tool_of(document: Document) -> str:
    names, words = document.names, document.words
    if document.kind == "python":
        if {"unsloth", "FastLanguageModel", "FastModel"} & words:
            return "unsloth"
        trl = {"trl", "SFTTrainer", "SFTConfig"}
        return "trl" if trl & words else "transformers"
    if document.kind == "command":
        program = " ".join(words)
        if "llamafactory-cli" in program or {"finetuning_type", "cutoff_len"} & names:
            return "llama-factory"
        if "axolotl" in program:
            return "axolotl"
        scripts = [word for word in words if word.endswith(".py") or word == "trl"]
        is_trl = any("trl" in word or "sft" in word for word in scripts)
        is_trl = is_trl or bool({"use_peft", "packing", "max_seq_length"} & names)
        return "trl" if is_trl else "transformers"
    if any(name.rpartition(".")[2] == "_component_" for name in names):
        return "torchtune"
    if "zero_optimization" in names or "train_micro_batch_size_per_gpu" in names:
        return "deepspeed"
    if {"base_model", "micro_batch_size", "sequence_len"} & names:
        return "axolotl"
    if {"distributed_type", "compute_environment", "fsdp_transformer_layer_cls_to_wrap"} & names:
        return "accelerate"
    if {"stage", "finetuning_type", "cutoff_len", "lora_target", "quantization_bit"} & names:
        return "llama-factory"
    if {"enable_activation_checkpointing", "lora_attn_modules"} & names:
        return "torchtune"
    if {"use_gradient_checkpointing"} & names:
        return "unsloth"
    if any(name.startswith("fsdp_") or name == "transformer_layer_cls_to_wrap" for name in names):
        hugging = {"model_name_or_path", "per_device_train_batch_size"} & names
        return "trl" if hugging else "accelerate"
    return "trl"


def _imported(slug: str, tool: _Tool, reading: Reading, method: str) -> Imported:
    values = {name: v for name, v in reading.values.items() if name in FIELDS}
    sharding, words = _sharding(reading)
    assumptions = [words] if words else []
    defaults = dict(tool.defaults)
    if tool.trainer and method:
        preset = TRAINERS[tool.trainer]
        assumptions += [
            f"{FIELDS[each.setting].label}: {value_words(each.setting, each.value)}, the default of"
            f" {preset.name} {preset.version} ({each.source})."
            for each in preset.defaults
            if method in each.methods
            and method in FIELDS[each.setting].methods
            and each.setting not in values
        ]
    assumptions += [
        f"{FIELDS[name].label}: {value_words(name, value)}, the default of transformers."
        for name, value in defaults.items()
        if name not in values and method in FIELDS[name].methods
    ]
    if not method:
        assumptions.append(
            "This file says nothing of the model and the method: they are yours to choose."
        )
    return Imported(
        tool=slug,
        tool_name=tool.name,
        model=reading.model,
        method=method,
        stated=values,
        lines=tuple(sorted(reading.lines, key=lambda line: line.number)),
        trainer=tool.trainer if method else "",
        sharding=sharding,
        remarks=tuple(reading.remarks),
        assumptions=tuple(assumptions),
        defaults=defaults,
    )


def _sharding(reading: Reading) -> tuple[Sharding | None, str]:
    """How the run is spread over GPUs, and what was assumed of it."""
    cluster = reading.cluster
    strategy, count = cluster.get("strategy"), cluster.get("gpu_count")
    if strategy is None and count in (None, 1):
        return None, ""
    words = ""
    if strategy == "fsdp" and "fsdp_version" not in reading.flags and reading.tool in _FSDP_1:
        strategy = "fsdp1"
        words = f"FSDP 1, which is {reading.tool}’s default where no version stands. "
    if count is None:
        count = ASSUMED_GPU_COUNT
        words += f"{count} GPUs: the file does not say how many."
    offload = cluster.get("offload", "none")
    if count == 1 and offload == "none":
        return None, "One GPU, on which nothing is shared out."
    try:
        sharding = sharding_from_mapping(
            {"strategy": strategy or "ddp", "gpu_count": count, "offload": offload}
        )
    except SettingsError as error:
        reading.remark(f"How it is shared out cannot be estimated: {error.errors[0].message}")
        return None, ""
    return sharding, words

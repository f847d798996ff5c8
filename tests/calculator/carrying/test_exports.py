"""Runs → files for tools: their own field names, the page's values, and what they cannot say.

The tools' own parsers read all of validation/exports/write.py's files in their environment
(docs/validation.md); here the names are held to the lists of calculator/carrying/fields.
"""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
import yaml

from calculator.carrying.exports.exporting import TOOL_NAMES, Export, export
from calculator.carrying.exports.job import Job, estimate_of
from calculator.carrying.exports.torchtune import builder_of
from calculator.carrying.fields import fields_of
from calculator.carrying.imports.understanding import understand
from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.cluster import Sharding, impossible_reason
from calculator.estimation.settings import changed_fields
from validation.exports.write import jobs

NAMES = ("Llama 3.1 8B", "meta-llama/Llama-3.1-8B")
# Whose fields stand in which call of a script.
CALLS = {
    "SFTConfig": ("trl",),
    "LoraConfig": ("peft",),
    "BitsAndBytesConfig": ("bitsandbytes",),
    "get_peft_model": ("unsloth",),
}


def a_job(method="lora", sharding=None, **values) -> Job:
    return Job(
        model_id=NAMES[1],
        model_name=NAMES[0],
        architecture=typical_architecture(Decimal(8)),
        settings=TrainingSettings(method=method, **values),
        sharding=sharding or Sharding(),
        names=NAMES,
    )


def text_of(job: Job, tool: str, name: str = "") -> str:
    files = export(job, tool).files
    return next(file.text for file in files if not name or file.name == name)


@cache
def all_exports(tool: str) -> list[tuple[str, Job, Export]]:
    return [(name, job, export(job, tool)) for name, job in jobs()]


def names_in(value) -> set[str]:
    """Every key of a YAML or JSON file, but those of data."""
    if not isinstance(value, dict):
        return set()
    return set(value) | {name for item in value.values() for name in names_in(item)}


def assert_known_names(name: str, tool: str, text: str) -> None:
    if name.endswith(".py"):
        for node in ast.walk(ast.parse(text)):
            called = getattr(getattr(node, "func", None), "id", "") or getattr(
                getattr(node, "func", None), "attr", ""
            )
            if called in CALLS:
                known = set().union(*(fields_of(each).fields for each in CALLS[called]))
                assert {item.arg for item in node.keywords} <= known, called
        return
    value = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    tools = {
        "accelerate.yaml": ("accelerate",),
        "deepspeed.json": ("deepspeed",),
    }.get(name, (tool, "bitsandbytes"))
    known = set().union(*(fields_of(each).fields for each in tools))
    # torch.utils.checkpoint's own, which the tools hand on.
    assert names_in(value) - known - {"use_reentrant"} == set()


@pytest.mark.parametrize("tool", TOOL_NAMES)
def test_every_name_in_every_file_is_one_of_the_tools(tool):
    count = 0
    for _, _, found in all_exports(tool):
        for file in found.files:
            assert_known_names(file.name, tool, file.text)
            count += 1

    assert count >= 45


@pytest.mark.parametrize("tool", TOOL_NAMES)
def test_what_a_file_says_is_the_page_or_is_named_as_otherwise(tool):
    """The values go round: written, read back, and equal but for what the export itself names."""
    for name, job, found in all_exports(tool):
        if not found.files:
            continue
        read = understand(found.files[0].text)
        settings = read.settings
        assert settings.method == job.method, name
        assert (
            found.likely_bytes
            == estimate_of(job.architecture, settings, job.sharding).device_bytes.likely
        )
        changed = [
            each
            for each in changed_fields(settings, job.settings)
            if (likely := job.likely_with(**{each: getattr(settings, each)})) is not None
            and likely != job.likely_bytes
        ]
        assert len(found.cannot) == len(changed), name


def test_a_run_that_a_tool_can_say_whole_takes_what_the_page_says():
    job = a_job(
        "qlora",
        quantization="nf4",
        prepare_kbit=False,
        adapter_precision="bf16",
        loss="chunked",
        micro_batch=3,
        sequence_length=3072,
        lora_rank=24,
        lora_targets=("q_proj", "v_proj"),
        optimizer="paged_adamw_8bit",
    )

    found = export(job, "trl")

    assert found.cannot == ()
    assert found.likely_bytes == job.likely_bytes
    read = understand(found.files[0].text)
    assert read.model == "meta-llama/Llama-3.1-8B"
    assert (read.stated["micro_batch"], read.stated["lora_rank"]) == (3, 24)
    assert read.stated["lora_targets"] == ("q_proj", "v_proj")


@pytest.mark.parametrize("reentrant", [True, False])
def test_axolotls_checkpoints_are_said_as_left_out_they_are_reentrant(reentrant):
    text = text_of(a_job(reentrant_checkpoints=reentrant), "axolotl")
    left_out = yaml.safe_load(text)

    assert left_out.pop("gradient_checkpointing_kwargs") == {"use_reentrant": reentrant}
    assert understand(text).settings.reentrant_checkpoints is reentrant
    assert understand(yaml.safe_dump(left_out)).settings.reentrant_checkpoints is True


def test_what_a_tool_does_otherwise_stands_in_its_file_with_bytes():
    found = export(a_job("full"), "axolotl")

    (words,) = found.cannot
    assert words.startswith("Otherwise in Axolotl, Precision: “Pure bf16”")
    assert words.endswith("GB less).")
    in_comments = " ".join(
        line.removeprefix("# ") for line in found.files[0].text.splitlines() if line[:2] == "# "
    )
    assert words in in_comments


def test_a_comment_beside_a_line_is_the_difference_of_two_estimates():
    job = a_job(loss="chunked", micro_batch=2)
    counted = understand(text_of(job, "axolotl")).settings

    line = next(
        line for line in text_of(job, "axolotl").splitlines() if line.startswith("micro_batch")
    )

    one_more = estimate_of(
        job.architecture, replace(counted, micro_batch=3), Sharding()
    ).device_bytes.likely
    now = estimate_of(job.architecture, counted, Sharding()).device_bytes.likely
    amount = (one_more - now) / 1e9
    words = line.partition("about ")[2]
    assert float(words.split()[0]) == pytest.approx(amount, abs=0.051)


@pytest.mark.parametrize(
    ("sharding", "files"),
    [
        (Sharding("zero3", 8, "parameters"), ["train.py", "accelerate.yaml", "deepspeed.json"]),
        (Sharding("fsdp", 4), ["train.py", "accelerate.yaml"]),
        (Sharding("ddp", 2), ["train.py", "accelerate.yaml"]),
    ],
)
def test_several_gpus_come_with_the_files_that_share_the_run_out(sharding, files):
    job = a_job("full", sharding)

    found = export(job, "trl")

    assert [file.name for file in found.files] == files
    read = understand(found.files[-1].text)
    assert read.sharding.strategy == sharding.strategy
    assert read.sharding.offload == sharding.offload
    accelerate = yaml.safe_load(found.files[1].text)
    assert accelerate["num_processes"] == sharding.gpu_count
    assert "accelerate.yaml" in found.command


def test_deepspeeds_json_has_no_comments_and_its_notes_beside_it():
    found = export(a_job("full", Sharding("zero2", 8, "optimizer")), "llama-factory")

    file = next(file for file in found.files if file.name == "deepspeed.json")
    value = json.loads(file.text)
    assert value["zero_optimization"]["stage"] == 2
    assert value["zero_optimization"]["offload_optimizer"]["device"] == "cpu"
    assert dict(file.notes)["zero_optimization.stage"].startswith("Optimizer states")


@pytest.mark.parametrize(
    ("tool", "sharding", "names", "reason"),
    [
        ("torchtune", Sharding("zero3", 8), NAMES, "FSDP 2 alone"),
        ("torchtune", Sharding(), ("GLM 4.7 Flash",), "has no model"),
        ("unsloth", Sharding("fsdp", 2), NAMES, "on one GPU"),
    ],
)
def test_what_a_tool_cannot_run_at_all_is_said_instead(tool, sharding, names, reason):
    job = replace(a_job("lora", sharding), names=names)
    assert not impossible_reason(job.settings, sharding)

    found = export(job, tool)

    assert found.files == ()
    assert reason in found.reason


def test_torchtune_knows_models_by_names_of_its_own():
    assert builder_of(("Qwen2.5 7B", "Qwen/Qwen2.5-7B")).startswith(
        "torchtune.models.qwen2_5.qwen2_5_7b"
    )
    assert builder_of(("Llama 3.1 70B", "meta-llama/Llama-3.1-70B")) == (
        "torchtune.models.llama3_1.llama3_1_70b"
    )
    assert builder_of(("Llama 3.2 3B", "meta-llama/Llama-3.2-3B")) == (
        "torchtune.models.llama3_2.llama3_2_3b"
    )
    assert builder_of(("Qwen3 30B A3B", "Qwen/Qwen3-30B-A3B")) == ""


def test_a_base_that_is_published_quantised_is_said_to_be_one():
    found = export(a_job("qlora", quantization="awq"), "llama-factory")

    assert "published in AWQ, 4 bits" in found.files[0].text
    assert "quantization_bit" not in found.files[0].text

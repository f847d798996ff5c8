"""Collect the field names of each trainer from its own source: calculator/carrying/fields/*.json.

    python -m validation.exports.collect_fields SITE_PACKAGES [DEEPSPEED_SOURCE]

SITE_PACKAGES is the environment of requirements-exports.txt, in which the tools are unpacked.
Nothing of them is imported: the names are read with ast, so that neither PyTorch nor a GPU is
needed. DeepSpeed builds when it is installed, so that its source is named apart.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

TARGET = Path(__file__).resolve().parents[2] / "calculator" / "carrying" / "fields"
# The files whose annotated class attributes are a tool's fields, and functions' arguments.
TOOLS = {
    "trl": (
        [
            "trl/trainer/sft_config.py",
            "trl/trainer/base_config.py",
            "trl/trainer/model_config.py",
            "trl/scripts/utils.py",
            "transformers/training_args.py",
        ],
        [],
    ),
    "axolotl": (["axolotl/utils/schemas/*.py", "axolotl/integrations/*/args.py"], []),
    "llama-factory": (
        [
            "llamafactory/hparams/*.py",
            "transformers/training_args.py",
            "transformers/training_args_seq2seq.py",
        ],
        [],
    ),
    "peft": (["peft/tuners/lora/config.py", "peft/config.py"], []),
    "bitsandbytes": (
        [],
        [("transformers/utils/quantization_config.py", "BitsAndBytesConfig", "__init__")],
    ),
    "unsloth": (
        [],
        [
            ("unsloth/models/loader.py", "FastLanguageModel", "from_pretrained"),
            ("unsloth/models/llama.py", "FastLlamaModel", "get_peft_model"),
        ],
    ),
    "accelerate": (
        ["accelerate/commands/config/config_args.py"],
        [],
    ),
}
# What stands in YAML files that have no schema, or in strings.
QUOTED = {
    "accelerate": (
        ["accelerate/commands/config/cluster.py", "accelerate/commands/launch.py"],
        r"[\"\[](?:--)?((?:fsdp|zero|offload|deepspeed|gradient|parallelism_config)\w*_\w+)[\"\]]",
    ),
}
DISTRIBUTIONS = {
    "llama-factory": "llamafactory",
    "bitsandbytes": "transformers",
}


def main(site_packages: Path, deepspeed: Path | None) -> None:
    TARGET.mkdir(exist_ok=True)
    for tool, (classes, functions) in TOOLS.items():
        names: set[str] = set()
        for pattern in classes:
            for path in sorted(site_packages.glob(pattern)):
                names |= set(attributes(path))
        for name, owner, function in functions:
            names |= set(arguments(site_packages / name, owner, function))
        quoted_files, pattern = QUOTED.get(tool, ([], ""))
        for name in quoted_files:
            names |= set(re.findall(pattern, (site_packages / name).read_text(encoding="utf-8")))
        sources = [*classes, *(name for name, _, _ in functions), *quoted_files]
        write(tool, version_of(DISTRIBUTIONS.get(tool, tool), site_packages), sources, names)
    torchtune(site_packages)
    if deepspeed is not None:
        sources = ["deepspeed/runtime/zero/config.py", "deepspeed/runtime/zero/offload_config.py"]
        names = {name for source in sources for name in attributes(deepspeed / source)}
        constants = "deepspeed/runtime/constants.py"
        names |= set(
            re.findall(r"^\w+ = ['\"]([a-z]\w+)['\"]", (deepspeed / constants).read_text(), re.M)
        )
        names |= {"zero_optimization", "optimizer", "scheduler"}
        aliases = re.findall(r'alias="(\w+)"', (deepspeed / sources[0]).read_text())
        version = (deepspeed / "version.txt").read_text().strip()
        write("deepspeed", version, [*sources, constants], names | set(aliases))


def attributes(path: Path) -> Iterator[str]:
    """Annotated attributes of every class: dataclass fields and pydantic's alike."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                    yield item.target.id


def arguments(path: Path, owner: str, function: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name == owner:
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == function:
                    arguments = item.args
                    yield from (each.arg for each in (*arguments.args, *arguments.kwonlyargs))


def torchtune(site_packages: Path) -> None:
    """Its recipes' own files are its schema: every key of theirs, and the builders' arguments."""
    names: set[str] = set()
    recipes: dict[str, dict[str, object]] = {}
    for path in sorted((site_packages / "recipes/configs").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r"^\s*(?:- )?([A-Za-z_]\w*):", text, re.MULTILINE))
        config = yaml.safe_load(text)
        builder = str((config.get("model") or {}).get("_component_", ""))
        if re.search(r"\d+b", builder) and {"tokenizer", "checkpointer"} <= set(config):
            plain = re.sub(r"\.(?:q?lora|q?dora)_", ".", builder)
            recipes.setdefault(
                plain,
                {
                    "config": str(path.relative_to(site_packages)),
                    "tokenizer": config["tokenizer"],
                    "checkpointer": config["checkpointer"],
                },
            )
    for path in sorted((site_packages / "recipes").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r"cfg\.get\(\s*\"(\w+)\"", text))
        names |= set(re.findall(r"\bcfg\.(?!get\b)([a-z]\w+)", text))
    builders: list[str] = []
    for path in sorted((site_packages / "torchtune/models").glob("*/_model_builders.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                builders.append(f"torchtune.models.{path.parent.name}.{node.name}")
                names |= {each.arg for each in node.args.args}
    write(
        "torchtune",
        version_of("torchtune", site_packages),
        ["recipes/configs/**/*.yaml", "recipes/*.py", "torchtune/models/*/_model_builders.py"],
        names,
        builders=[name for name in builders if re.search(r"\d+b", name)],
        recipes=recipes,
    )


def version_of(distribution: str, site_packages: Path) -> str:
    found = sorted(site_packages.glob(f"{distribution}-*.dist-info"))
    return found[0].name.removesuffix(".dist-info").partition("-")[2] if found else ""


def write(
    tool: str, version: str, sources: Iterable[str], names: Iterable[str], **more: object
) -> None:
    value = {
        "tool": tool,
        "version": version,
        "sources": list(sources),
        "fields": sorted(names),
        **more,
    }
    path = TARGET / f"{tool}.json"
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

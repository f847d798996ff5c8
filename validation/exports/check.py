"""Let each tool read what was exported for it: its own parser, dataclass or schema.

    DISABLE_VERSION_CHECK=1 python validation/exports/check.py FOLDER

in the environment of requirements-exports.txt, over the files of validation/exports/write.py.
Nothing is trained and no model is loaded. Unsloth needs a GPU to be imported: its script is
held to its functions' arguments by tests/calculator/carrying instead, and here to TRL's.
"""

from __future__ import annotations

import ast
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml


def read_script(path: Path) -> None:
    """Make the configurations of a script, without what loads a model or data."""
    from peft import LoraConfig
    from transformers import BitsAndBytesConfig
    from trl import SFTConfig

    makers = {
        "SFTConfig": lambda **values: SFTConfig(**values, use_cpu=True),
        "LoraConfig": LoraConfig,
        "BitsAndBytesConfig": BitsAndBytesConfig,
    }
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if name in makers:
            values = {item.arg: evaluated(item.value) for item in node.keywords}
            makers[name](**values)


def evaluated(node: ast.expr) -> Any:
    expression = compile(ast.Expression(node), "export", "eval")
    return eval(expression, {"torch": torch})


def read_axolotl(path: Path) -> None:
    from axolotl.integrations.base import PluginManager
    from axolotl.integrations.config import merge_input_args
    from axolotl.utils.schemas.config import AxolotlInputConfig

    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema = AxolotlInputConfig
    if values.get("plugins"):
        manager = PluginManager.get_instance()
        for plugin in values["plugins"]:
            manager.register(plugin)
        schema = merge_input_args()[1]
    known = set(schema.model_fields)
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"no fields of Axolotl: {sorted(unknown)}")
    schema(**values)


def read_llama_factory(path: Path) -> None:
    from llamafactory.hparams.parser import _TRAIN_ARGS
    from transformers import HfArgumentParser

    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    # Reading the file itself would initialise DeepSpeed.
    deepspeed = values.pop("deepspeed", None)
    assert deepspeed in (None, "deepspeed.json")
    parser = HfArgumentParser(_TRAIN_ARGS)
    parser.parse_dict({**values, "use_cpu": True}, allow_extra_keys=False)


def read_torchtune(path: Path) -> None:
    from omegaconf import OmegaConf
    from torchtune.config import validate

    validate(OmegaConf.load(path))


def read_accelerate(path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    load_config_from_file(str(path))


def read_deepspeed(path: Path) -> None:
    from accelerate.utils.deepspeed import HfDeepSpeedConfig
    from deepspeed.runtime.zero.config import DeepSpeedZeroConfig

    values = json.loads(path.read_text(encoding="utf-8"))
    HfDeepSpeedConfig(values)
    DeepSpeedZeroConfig(**values["zero_optimization"])


READERS: dict[str, Callable[[Path], None]] = {
    "train.py": read_script,
    "train_unsloth.py": read_script,
    "axolotl.yaml": read_axolotl,
    "llama-factory.yaml": read_llama_factory,
    "torchtune.yaml": read_torchtune,
    "accelerate.yaml": read_accelerate,
    "deepspeed.json": read_deepspeed,
}


def main(folder: Path) -> int:
    accepted: Counter[str] = Counter()
    refused: list[str] = []
    for path in sorted(folder.rglob("*.*")):
        try:
            READERS[path.name](path)
        except Exception as error:
            first = " ".join(str(error).split())[:300]
            refused.append(f"{path.relative_to(folder)}: {type(error).__name__}: {first}")
        else:
            accepted[path.name] += 1
    for name, count in sorted(accepted.items()):
        print(f"{name}: {count} accepted")
    print(f"{len(refused)} refused", *refused, sep="\n")
    return bool(refused)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))

"""torchtune's YAML. Keys, builders and each model's tokenizer: recipes/configs (carrying/fields)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from calculator.carrying.exports.job import LEARNING_RATES, NOT_MEMORY, Job
from calculator.carrying.exports.writing import Item
from calculator.carrying.fields import fields_of
from calculator.carrying.imports.torchtune import MLP, MODULES, OPTIMIZERS, named_model
from calculator.language_models.names import distance_of, readings_of

# A name of its own for a model is at most this far from the catalog's (language_models/search.py).
_FARTHEST = 0.2
_COMPONENTS = {
    "adamw": ("torch.optim.AdamW", True),
    "adamw_foreach": ("torch.optim.AdamW", False),
    **{
        ours: (name, None)
        for name, ours in reversed(OPTIMIZERS.items())
        if "torch.optim.A" not in name
    },
}


@lru_cache(maxsize=512)
def builder_of(names: tuple[str, ...]) -> str:
    """torchtune's function that makes the plain model, or nothing where it has none."""
    best, found = _FARTHEST, ""
    for builder in fields_of("torchtune").recipes:
        named = named_model(builder.rpartition(".")[2])
        distance = distance_of(readings_of(named), names) if names else best + 1
        if distance <= best and (distance < best or not found):
            best, found = distance, builder
    return found


def recipe_name(job: Job) -> str:
    kind = "lora" if job.trains_adapters else "full"
    where = "distributed" if job.is_shared else "single_device"
    return f"{kind}_finetune_{where}"


def torchtune_items(job: Job) -> list[Item]:
    """torchtune's configuration of the run; empty where it has no such model."""
    builder = builder_of(job.names)
    if not builder:
        return []
    settings = job.settings
    recipe = fields_of("torchtune").recipes[builder]
    family, _, name = builder.rpartition(".")
    component = f"{family}.lora_{name}" if job.trains_adapters else builder
    items = [
        Item("output_dir", "output"),
        Item("model", (Item("_component_", component, job.cost("model")), *_adapter(job))),
        Item("tokenizer", _tokenizer(job, recipe["tokenizer"])),
        Item(
            "checkpointer", _block(job, {**recipe["checkpointer"], "output_dir": "${output_dir}"})
        ),
        Item("resume_from_checkpoint", False),
        Item(
            "dataset",
            (
                Item("_component_", "torchtune.datasets.alpaca_cleaned_dataset"),
                Item("packed", False),
            ),
            NOT_MEMORY,
        ),
        Item("seed", None),
        Item("shuffle", True),
        Item("batch_size", settings.micro_batch, job.cost("micro_batch")),
        Item("epochs", 1),
        Item("max_steps_per_epoch", None),
        Item(
            "gradient_accumulation_steps",
            settings.gradient_accumulation,
            job.cost("gradient_accumulation"),
        ),
        Item("optimizer", _optimizer(job)),
        Item("loss", (Item("_component_", _loss(job), job.cost("loss")),)),
        Item("clip_grad_norm", None),
        Item("compile", False),
        Item("device", "cuda"),
        Item("dtype", "fp32" if settings.recipe == "fp32" else "bf16", job.cost("recipe")),
        Item(
            "enable_activation_checkpointing",
            settings.gradient_checkpointing,
            job.cost("gradient_checkpointing"),
        ),
        Item(
            "enable_activation_offloading",
            settings.activation_offload != "none",
            job.cost("activation_offload"),
        ),
        Item(
            "metric_logger",
            (
                Item("_component_", "torchtune.training.metric_logging.DiskLogger"),
                Item("log_dir", "${output_dir}/logs"),
            ),
        ),
        Item("log_every_n_steps", 1),
        Item("log_peak_memory_stats", True, "What PyTorch allocates, to hold the page to."),
    ]
    if job.trains_adapters:
        items.append(
            Item(
                "lr_scheduler",
                (
                    Item(
                        "_component_",
                        "torchtune.training.lr_schedulers.get_cosine_schedule_with_warmup",
                    ),
                    Item("num_warmup_steps", 100),
                ),
            )
        )
        items.append(Item("save_adapter_weights_only", True))
    else:
        items.append(
            Item(
                "optimizer_in_bwd",
                settings.optimizer_in_backward and settings.gradient_accumulation == 1,
                job.cost("optimizer_in_backward"),
            )
        )
    if job.is_shared:
        items.append(Item("fsdp_cpu_offload", job.sharding.offload == "parameters"))
    return items


def weights_folder(job: Job) -> str:
    """Where `tune download` puts the model, and the recipe looks for it."""
    return f"/tmp/{job.model_id.rpartition('/')[2]}"


def _block(job: Job, values: Mapping[str, Any]) -> tuple[Item, ...]:
    """A recipe's own block, with the folder of this model's weights for that of the recipe's."""
    return tuple(
        Item(name, _block(job, value) if isinstance(value, Mapping) else _placed(job, value))
        for name, value in values.items()
    )


def _placed(job: Job, value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"^/tmp/[^/]+", weights_folder(job), value)
    return value


def _tokenizer(job: Job, values: Mapping[str, Any]) -> tuple[Item, ...]:
    items = [item for item in _block(job, values) if item.name != "max_seq_len"]
    note = job.cost("sequence_length")
    return (*items, Item("max_seq_len", job.settings.sequence_length, note))


def _adapter(job: Job) -> list[Item]:
    settings = job.settings
    if not job.trains_adapters:
        return []
    targets = job.targets
    names = [theirs for theirs, ours in MODULES.items() if ours in targets]
    items = [
        Item("lora_attn_modules", names),
        Item("apply_lora_to_mlp", any(name in targets for name in MLP)),
        Item("apply_lora_to_output", False),
        Item("lora_rank", settings.lora_rank, job.cost("lora_rank")),
        Item("lora_alpha", 2 * settings.lora_rank, NOT_MEMORY),
        Item("lora_dropout", float(settings.lora_dropout), job.cost("lora_dropout")),
    ]
    if settings.use_dora:
        items.append(Item("use_dora", True, job.cost("use_dora")))
    if job.method == "qlora":
        items.append(Item("quantize_base", True, "NF4, with its constants quantised too."))
    return items


def _optimizer(job: Job) -> tuple[Item, ...]:
    component, fused = _COMPONENTS.get(job.settings.optimizer, ("torch.optim.AdamW", True))
    items = [Item("_component_", component, job.cost("optimizer"))]
    if fused is not None:
        items.append(Item("fused", fused))
    return (*items, Item("lr", LEARNING_RATES[job.method], NOT_MEMORY))


def _loss(job: Job) -> str:
    if job.settings.loss == "standard":
        return "torch.nn.CrossEntropyLoss"
    return "torchtune.modules.loss.CEWithChunkedOutputLoss"

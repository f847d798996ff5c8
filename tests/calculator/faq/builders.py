"""A catalog for tests of the FAQ: the rule of thumb's methods, and the ladder with its cards."""

from __future__ import annotations

from decimal import Decimal

from calculator.catalog import Catalog, FaqSpec
from calculator.estimation.rule_of_thumb import MethodSpec, PartSpec
from calculator.models import FaqEntry, MethodPreset, PresetPart, Task
from gpus.models import Audience, Gpu, MemoryTier, Vendor
from tests.gpus.builders import a_gpu, a_tier

PARTS = {
    "full": {"weights": "2", "gradients": "2", "optimizer": "12", "overhead": "2"},
    "lora": {"weights": "2", "rest": "0.4"},
    "qlora": {"weights": "0.5", "rest": "0.35"},
}
INFERENCE_PARTS = {"inference-16bit": {"weights": "2", "kv-cache": "0.2"}}
EXAMPLES = {
    8: ["RTX 4060", "RTX 3070"],
    12: [],
    16: [],
    24: ["RTX 4090", "RTX 3090"],
    32: [],
    48: [],
    80: ["A100", "H100"],
}


def a_method(slug: str, **parts: str) -> MethodSpec:
    return MethodSpec(
        slug=slug,
        name=slug.upper(),
        summary="",
        audience_note="",
        parts=tuple(PartSpec(name, name, Decimal(amount)) for name, amount in parts.items()),
    )


def a_catalog(*faq: FaqSpec, **changes) -> Catalog:
    """The catalog as core types; `changes` replace its fields."""
    fields = {
        "version": "",
        "tiers": tuple(
            a_tier(gb, *(a_gpu(name, gb, is_tier_example=True) for name in names))
            for gb, names in EXAMPLES.items()
        ),
        "training_methods": tuple(a_method(slug, **parts) for slug, parts in PARTS.items()),
        "inference_methods": tuple(
            a_method(slug, **parts) for slug, parts in INFERENCE_PARTS.items()
        ),
        "sizes_b": (Decimal(7),),
        "faq": faq,
    }
    return Catalog(**fields | changes)


def an_answer(markdown: str, *, slug: str = "how-much", **changes) -> FaqSpec:
    fields = {"question": "How much?", "calculator_query": ""}
    return FaqSpec(slug=slug, answer_markdown=markdown, **fields | changes)


def save_catalog() -> None:
    """The same catalog as rows."""
    for task, methods in ((Task.TRAINING, PARTS), (Task.INFERENCE, INFERENCE_PARTS)):
        for slug, parts in methods.items():
            preset = MethodPreset.objects.create(slug=slug, task=task, name=slug, summary=slug)
            for name, amount in parts.items():
                PresetPart.objects.create(
                    preset=preset, slug=name, label=name, bytes_per_parameter=Decimal(amount)
                )
    for gb, names in EXAMPLES.items():
        tier = MemoryTier.objects.create(
            memory_gb=gb,
            label="80 GB" if gb == 80 else f"{gb} GB GPU",
            audience=Audience.CONSUMER,
            on_ladder=True,
            may_be_multiplied=gb == 80,
        )
        for order, name in enumerate(names):
            Gpu.objects.create(
                slug=name.lower().replace(" ", "-"),
                name=name,
                short_name=name,
                vendor=Vendor.NVIDIA,
                audience=Audience.CONSUMER,
                tier=tier,
                is_tier_example=True,
                order=order,
            )


def an_entry(answer: str, **changes) -> FaqEntry:
    return FaqEntry(**{"slug": "how-much", "question": "How much?", "answer": answer} | changes)

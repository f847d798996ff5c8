"""A catalog of many times the size, to see what its size costs."""

from __future__ import annotations

from calculator.models import LanguageModel
from gpus.models import Gpu


def grow(times: int) -> None:
    """Every published GPU and model so often, under names of their own."""
    for number in range(2, times + 1):
        for gpu in Gpu.objects.filter(slug__endswith="").exclude(slug__contains="-copy-"):
            gpu.pk, gpu.slug, gpu.name = None, f"{gpu.slug}-copy-{number}", f"{gpu.name} {number}"
            gpu.save()
        for model in LanguageModel.objects.exclude(slug__contains="-copy-"):
            model.pk = None
            model.slug, model.display_name = (
                f"{model.slug}-copy-{number}",
                f"{model.display_name} {number}",
            )
            model.hf_id = f"{model.hf_id}-copy-{number}"
            model.save()
    print(f"{Gpu.objects.count()} GPUs, {LanguageModel.objects.count()} models")

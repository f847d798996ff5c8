from decimal import Decimal

import pytest

from calculator.answer.rule_of_thumb import estimate_methods
from calculator.catalog import current_catalog
from calculator.models import MethodPreset, Task
from calculator.pages.calculator.headline import inference_headline, training_headline
from gpus.models import MemoryTier

pytestmark = pytest.mark.django_db


def headline(size: str) -> str:
    results = estimate_methods(current_catalog(), Task.TRAINING, Decimal(size))
    return training_headline(f"a {size}B model", results).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (
            "7",
            "For a 7B model, QLoRA fits on a single consumer GPU (about 6 GB, typically 14.3 GB), "
            "while full fine-tuning needs 2× 80 GB (about 126 GB).",
        ),
        (
            "1",
            "For a 1B model, QLoRA fits on a single consumer GPU (about 0.9 GB, typically 6 GB), "
            "and so does full fine-tuning (about 18 GB, typically 22 GB).",
        ),
        (
            "3",
            "For a 3B model, QLoRA fits on a single consumer GPU (about 2.6 GB, typically 8.9 GB), "
            "while full fine-tuning fits on a single data-center GPU (about 54 GB, typically 58 GB).",
        ),
        (
            "50",
            "For a 50B model, QLoRA fits on a single workstation GPU (about 42.5 GB, typically 45 GB), "
            "while full fine-tuning needs 12× 80 GB (about 900 GB).",
        ),
        (
            # What a consumer card holds by the rule, and no typical run.
            "36",
            "For a 36B model, QLoRA fits on a single consumer GPU (about 30.6 GB, "
            "typically 35 GB on a workstation GPU), "
            "while full fine-tuning needs 9× 80 GB (about 648 GB).",
        ),
        (
            "70",
            "For a 70B model, QLoRA fits on a single data-center GPU (about 59.5 GB), "
            "while full fine-tuning needs 16× 80 GB (about 1,260 GB).",
        ),
        (
            "405",
            "For a 405B model, QLoRA needs 5× 80 GB (about 344.3 GB, typically 262 GB), "
            "while full fine-tuning needs 92× 80 GB (about 7,290 GB).",
        ),
    ],
)
def test_the_headline_is_true_for_every_size(catalog, size, sentence):
    assert headline(size) == sentence


def test_the_headline_says_so_when_nothing_holds_the_model(catalog):
    for tier in MemoryTier.objects.filter(may_be_multiplied=True):
        tier.may_be_multiplied = False
        tier.save()

    assert headline("70") == (
        "For a 70B model, QLoRA fits on a single data-center GPU (about 59.5 GB), "
        "while full fine-tuning needs more than any setup here offers (about 1,260 GB)."
    )


def test_inference_has_a_headline_of_its_own(catalog):
    results = estimate_methods(current_catalog(), Task.INFERENCE, Decimal(7))

    sentence = inference_headline("a 7B model", results)

    assert sentence.startswith("To run a 7B model, 4-bit fits on a single consumer GPU (about")


def test_names_keep_their_capitals_where_they_begin_a_clause(catalog):
    MethodPreset.objects.filter(slug="qlora").update(published=False)
    MethodPreset.objects.get(slug="full").save()  # moves the snapshot on

    assert headline("7").startswith("For a 7B model, LoRA fits on a single consumer GPU")

"""The database itself refuses what the forms refuse: scripts and imports pass by the forms."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from calculator.models import FaqEntry, MethodPreset, ModelSize, PresetPart

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


@pytest.mark.parametrize(
    ("model", "changes", "constraint"),
    [
        (PresetPart, {"bytes_per_parameter": Decimal(0)}, "preset_part_is_positive"),
        (PresetPart, {"bytes_per_parameter": Decimal(-2)}, "preset_part_is_positive"),
        (PresetPart, {"label": ""}, "preset_part_has_its_names"),
        (MethodPreset, {"name": ""}, "method_preset_has_its_names"),
        (MethodPreset, {"task": "cooking"}, "method_preset_task_is_known"),
        (ModelSize, {"params_b": Decimal("0.05")}, "model_size_is_in_range"),
        (ModelSize, {"params_b": Decimal(2001)}, "model_size_is_in_range"),
        (FaqEntry, {"answer": ""}, "faq_entry_is_whole"),
    ],
)
def test_the_database_refuses_impossible_rows(model, changes, constraint):
    row = model.objects.first()
    for name, value in changes.items():
        setattr(row, name, value)

    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(IntegrityError, match=constraint):
        row.save()


def test_a_part_stands_once_in_a_preset():
    part = PresetPart.objects.get(preset__slug="lora", slug="weights")

    with pytest.raises(IntegrityError, match="preset"):
        PresetPart.objects.create(
            preset=part.preset, slug="weights", label="Again", bytes_per_parameter=1
        )


def test_a_size_stands_once_in_the_list():
    with pytest.raises(IntegrityError, match="params_b"):
        ModelSize.objects.create(params_b=Decimal(7))

"""The catalog's language models: every shipped row, and what an editor can get wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.parameters import count_parameters
from calculator.models import LanguageModel
from tests.calculator.estimation.architectures import all_architectures

pytestmark = pytest.mark.django_db


def a_model(**changes) -> LanguageModel:
    values = {
        "slug": "any-7b",
        "display_name": "Any 7B",
        "hf_id": "any/Any-7B",
        "family": "Any",
        "architecture_kind": "dense",
        "model_type": "llama",
        "params_total": 6_738_415_616,
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "intermediate_size": 11008,
        "vocab_size": 32000,
        "source": "its config.json",
    }
    return LanguageModel(**values | changes)


def test_the_catalog_has_the_shipped_models_with_the_files_architectures(catalog):
    specs = current_catalog().language_models_by_slug

    computed = {slug: spec.architecture for slug, spec in specs.items() if spec.architecture}
    assert len(specs) == 182
    assert computed == all_architectures()


def test_a_model_that_is_not_modelled_says_why(catalog):
    left_out = [spec for spec in current_catalog().language_models if spec.architecture is None]

    assert 0 < len(left_out) < 20
    assert all("not" in spec.parameters_only_reason for spec in left_out)
    assert all(spec.params_total_count > 0 for spec in left_out)


def test_every_shipped_models_formula_gives_its_published_count_or_the_row_says_why_not(catalog):
    unexplained = []
    for model in LanguageModel.objects.all():
        spec = model.to_spec()
        if spec.architecture is None or model.params_published_checkpoint is None:
            continue
        computed = count_parameters(spec.architecture).total_count
        difference = abs(computed / model.params_published_checkpoint - 1)
        if difference > 0.01 and not model.mismatch_note:
            unexplained.append((model.slug, f"{difference:.2%}"))
    assert unexplained == []


def test_every_shipped_model_that_is_modelled_can_be_estimated(catalog):
    for spec in current_catalog().language_models:
        if spec.architecture is not None:
            found = estimate(spec.architecture, TrainingSettings(method="qlora"))
            assert found.peak_allocated_bytes > 0


def test_an_unpublished_model_is_not_in_the_catalog(catalog):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    model.published = False
    model.save()

    assert "llama-3-1-8b" not in current_catalog().language_models_by_slug


def test_an_editors_change_of_a_shape_changes_the_architecture(catalog):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    model.vocab_size = 64_000
    model.save()

    assert current_catalog().language_models_by_slug["llama-3-1-8b"].architecture.vocab_size == (
        64_000
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model_type": "lama"}, "model_type"),
        ({"hidden_size": 9_999_999}, "hidden_size"),
        ({"num_key_value_heads": 5}, "model_type"),
        ({"hidden_size": None}, "hidden_size"),
        ({"trait_overrides": "beauty=high"}, "trait_overrides"),
    ],
)
def test_a_shape_that_cannot_be_computed_is_an_error_of_the_row(changes, field):
    with pytest.raises(ValidationError) as raised:
        a_model(**changes).full_clean()

    assert field in raised.value.message_dict


def test_more_active_parameters_than_parameters_are_refused():
    with pytest.raises(ValidationError, match="no more active parameters"):
        a_model(params_active=7_000_000_000).full_clean()


def test_a_kind_that_is_not_modelled_needs_no_shape():
    a_model(model_type="nemotron_h", hidden_size=None).full_clean()


def test_an_editor_can_open_and_save_a_model_in_the_admin(catalog, admin_client):
    model = LanguageModel.objects.get(slug="mixtral-8x7b")
    url = reverse("admin:calculator_languagemodel_change", args=[model.pk])

    response = admin_client.get(url)

    assert response.status_code == 200
    assert b"Shape, as its config.json states it" in response.content
    assert (
        admin_client.get(reverse("admin:calculator_languagemodel_changelist")).status_code == 200
    )

"""The catalog's language models: every shipped row, and what an editor can get wrong."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.parameters import count_parameters
from calculator.models import LanguageModel
from tests.admin_pages import errors_in, run_action, save
from tests.calculator.estimation.architectures import all_architectures

pytestmark = pytest.mark.django_db

MODELS = "/admin/calculator/languagemodel/"


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
    assert len(specs) == LanguageModel.objects.count() > 190
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
        ({"num_key_value_heads": 5}, "num_key_value_heads"),
        ({"hidden_size": None}, "hidden_size"),
        ({"num_hidden_layers": None}, "num_hidden_layers"),
        ({"num_attention_heads": 0}, "num_attention_heads"),
        ({"intermediate_size": None}, "intermediate_size"),
        ({"num_experts": 8}, "experts_per_token"),
        ({"kv_lora_rank": 512}, "kv_lora_rank"),
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
    a_model(model_type="mllama", hidden_size=None).full_clean()


def test_a_models_page_in_the_admin_shows_every_field_once(catalog, admin_client):
    model = LanguageModel.objects.get(slug="mixtral-8x7b")

    response = admin_client.get(f"{MODELS}{model.pk}/change/")

    shown = [
        name
        for _, options in response.context["adminform"].fieldsets
        for name in options["fields"]
    ]
    editable = [each.name for each in LanguageModel._meta.concrete_fields if each.editable]
    besides = {"config_json", "counted", "row_version"}
    assert sorted(shown) == sorted([*(name for name in editable if name != "id"), *besides])
    assert '<div class="readonly">46,702,792,704</div>' in response.text


def test_a_model_that_is_not_computed_says_so_in_the_admin(catalog, admin_client):
    model = LanguageModel.objects.get(slug="llama-3-2-11b-vision")

    response = admin_client.get(f"{MODELS}{model.pk}/change/")

    assert "its cross-attention layers are not modelled" in response.text


def test_a_bad_shape_is_an_error_beside_its_field(catalog, admin_client):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    url = f"{MODELS}{model.pk}/change/"

    response = save(admin_client, url, num_key_value_heads="5", vocab_size="99999999")
    assert errors_in(response) == {
        "vocab_size": ["must be between 1 and 16,777,216, not 99,999,999."]
    }
    response = save(admin_client, url, num_key_value_heads="5")
    assert errors_in(response) == {
        "num_key_value_heads": ["must divide the 32 query heads, and 5 does not."]
    }
    assert (
        current_catalog().language_models_by_slug["llama-3-1-8b"].architecture.kv_head_count == 8
    )


def test_an_editor_finds_models_by_name_and_changes_them(catalog, client):
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    client.force_login(editor)

    found = client.get(MODELS, {"q": "mixtral"}).context["cl"].result_list
    model = found.get(slug="mixtral-8x7b")
    save(client, f"{MODELS}{model.pk}/change/", params_total="46702792705")

    spec = current_catalog().language_models_by_slug["mixtral-8x7b"]
    assert spec.params_total_count == 46_702_792_705


def test_models_are_unpublished_in_the_list(catalog, admin_client):
    models = LanguageModel.objects.filter(family="Mixtral")

    run_action(admin_client, MODELS, "unpublish", models)

    assert not [m for m in current_catalog().language_models if m.family == "Mixtral"]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"params_total": 0, "params_active": 0}, "language_model_has_parameters"),
        ({"params_active": 10**15}, "language_model_active_within_total"),
        ({"display_name": ""}, "language_model_has_its_names"),
        ({"architecture_kind": "liquid"}, "language_model_kind_is_known"),
        ({"num_attention_heads": 0}, "language_model_sizes_are_positive"),
        ({"hidden_size": 0}, "language_model_sizes_are_positive"),
        ({"experts_per_token": 9}, "language_model_experts_within_all"),
    ],
)
def test_the_database_refuses_impossible_models(catalog, changes, constraint):
    model = LanguageModel.objects.get(slug="mixtral-8x7b")
    for name, value in changes.items():
        setattr(model, name, value)

    with pytest.raises(ValidationError):
        model.full_clean()
    with pytest.raises(IntegrityError, match=constraint):
        model.save()

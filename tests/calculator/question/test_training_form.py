"""Query string ↔ training settings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation.settings import (
    CHOICES,
    MAXIMUM_OF_FIELD,
    MINIMUM_OF_FIELD,
    TrainingSettings,
)
from calculator.estimation.spellings import ATTENTIONS, NAMES, OPTIMIZERS, QUANTIZATIONS
from calculator.question.setting_fields import ALL_METHODS
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import read_training_form, run_of_settings

MODULES = st.sampled_from(["q_proj", "k_proj", "v_proj", "o_proj", "mlp.gate", "query_key_value"])
VALUES = {
    **{
        name: st.integers(MINIMUM_OF_FIELD.get(name, 1), most)
        for name, most in MAXIMUM_OF_FIELD.items()
    },
    **{name: st.sampled_from(CHOICES[name]) for name in CHOICES if name in FIELDS},
    "trainer": st.sampled_from(CHOICES["trainer"]),
    **{name: st.booleans() for name, field in FIELDS.items() if field.kind == "switch"},
    "lora_dropout": st.floats(0, 0.999),
    "lora_targets": st.just("all-linear") | st.lists(MODULES, min_size=1, unique=True).map(tuple),
}


def test_every_setting_of_the_core_but_the_method_is_a_field_of_the_form():
    settings = set(TrainingSettings.__dataclass_fields__)

    assert set(FIELDS) == settings - {"method", "trainer"}


def test_the_choices_of_the_form_are_those_of_the_core():
    for name, field in FIELDS.items():
        if field.kind == "choice":
            assert {value for value, _ in field.choices} == set(CHOICES[name])


def test_the_law_below_draws_every_setting():
    assert set(VALUES) == set(TrainingSettings.__dataclass_fields__) - {"method"}


@given(st.fixed_dictionaries(VALUES))
def test_settings_come_back_from_the_url_as_they_were(values):
    settings = TrainingSettings(**values)

    form = read_training_form(run_of_settings(settings).query())

    for method in ALL_METHODS:
        found = form.run.settings_for(method)
        for name, field in FIELDS.items():
            if method in field.methods:
                assert getattr(found, name) == getattr(settings, name)


@given(st.fixed_dictionaries(VALUES))
def test_the_url_of_a_url_is_the_url(values):
    query = run_of_settings(TrainingSettings(**values)).query()

    assert read_training_form(query).run.query() == query


def test_defaults_leave_the_url():
    form = read_training_form(
        {"micro_batch": "1", "sequence_length": "2,048", "gradient_checkpointing": "on"}
    )

    assert form.is_stated
    assert form.run.query() == {}


def test_the_names_are_the_api_s_and_others_are_left_alone():
    form = read_training_form(
        {"sequence_length": "4096", "lora_targets": "q_proj, v_proj", "utm_source": "x"}
    )

    assert form.run.query() == {"sequence_length": "4096", "lora_targets": "q_proj,v_proj"}


@given(st.dictionaries(st.sampled_from([*FIELDS, "trainer"]), st.text(max_size=40)))
def test_whatever_stands_in_the_url_is_read_or_refused_in_words(query):
    form = read_training_form(query)

    assert (form.run is None) == bool(form.errors)
    assert all(message.endswith(".") for message in form.errors.values())


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        ("lora_rank", "sixteen", "Rank must be a whole number between 1 and 8,192."),
        ("lora_rank", "0", "Rank must be a whole number between 1 and 8,192."),
        ("micro_batch", "1.5", "Micro-batch must be a whole number between 1 and 4,096."),
        (
            "attention",
            "ring",
            "Attention must be one of sdpa, eager, flash_attention_2, flex_attention.",
        ),
        ("gradient_checkpointing", "maybe", "Gradient checkpointing must be true or false."),
        ("lora_dropout", "nan", "LoRA dropout must be a number from 0 up to, but not, 1."),
        (
            "eval_micro_batch",
            "-1",
            "Evaluation batch must be a whole number between 0 and 4,096.",
        ),
        (
            "modules_to_save",
            "q_proj",
            "Trained whole must be one of none, embeddings, head, embeddings_and_head.",
        ),
        (
            "activation_offload",
            "cloud",
            "Activations on the host must be one of none, checkpoints, saved_tensors.",
        ),
    ],
)
def test_an_error_names_the_field_in_words_and_keeps_what_was_typed(name, typed, message):
    form = read_training_form({name: typed})

    assert form.errors == {name: message}
    assert form.typed == {name: typed}
    assert form.run is None


@pytest.mark.parametrize(
    ("typed", "short"),
    [
        ({"optimizer": "adamw_torch_8bit"}, {"optimizer": "adamw_torchao_8bit"}),
        ({"optim": "paged_adamw_32bit"}, {"optimizer": "paged_adamw"}),
        ({"lora_targets": "all"}, {}),
        ({"target_modules": "q_proj,v_proj"}, {"lora_targets": "q_proj,v_proj"}),
        ({"per_device_train_batch_size": "4", "max_seq_length": "2048"}, {"micro_batch": "4"}),
        ({"micro_batch": "2", "batch_size": "4"}, {"micro_batch": "2"}),
        ({"attn_implementation": "fa2"}, {"attention": "flash_attention_2"}),
        ({"quantization": "8bit"}, {"quantization": "int8"}),
        ({"gradient_checkpointing": "unsloth"}, {"activation_offload": "checkpoints"}),
        ({"activation_offloading": "true"}, {"activation_offload": "saved_tensors"}),
        ({"modules_to_save": "embed_tokens, lm_head"}, {"modules_to_save": "embeddings_and_head"}),
        ({"eval_micro_batch": "0"}, {}),
    ],
)
def test_what_trainers_call_otherwise_becomes_the_short_form(typed, short):
    assert read_training_form(typed).run.query() == short


@given(st.sampled_from(sorted({**OPTIMIZERS, **ATTENTIONS, **QUANTIZATIONS})))
def test_every_spelling_of_a_value_is_understood(word):
    form = read_training_form(
        {
            name: word
            for name, words in (
                ("optimizer", OPTIMIZERS),
                ("attention", ATTENTIONS),
                ("quantization", QUANTIZATIONS),
            )
            if word in words
        }
    )

    assert form.errors == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_trainer_s_name_is_refused_beside_our_field_if_its_value_is_wrong(name):
    form = read_training_form({name: "?!"})

    assert set(form.errors) == {NAMES[name]}
    assert form.typed == {NAMES[name]: "?!"}


def test_a_value_is_the_same_for_all_methods_or_none_is_shown():
    run = read_training_form({"lora_rank": "64"}).run

    assert run.value_of(FIELDS["lora_rank"]) == 64
    assert run.settings_for("qlora") == replace(TrainingSettings(method="qlora"), lora_rank=64)

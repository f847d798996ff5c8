"""Trainers' own names and values, as they stand in their configurations."""

from __future__ import annotations

import pytest

from calculator.estimation import SettingsError, TrainingSettings, settings_from_mapping
from calculator.estimation.settings import CHOICES
from calculator.estimation.spellings import ATTENTIONS, NAMES, OPTIMIZERS, QUANTIZATIONS


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"optim": "adamw_torch"}, {"optimizer": "adamw_foreach"}),
        ({"optim": "adamw_torch_fused"}, {"optimizer": "adamw"}),
        ({"optimizer": "adamw_torch_8bit"}, {"optimizer": "adamw_torchao_8bit"}),
        ({"optimizer": "adamw_bnb_8bit"}, {"optimizer": "adamw_8bit"}),
        ({"optim": "paged_adamw_32bit"}, {"optimizer": "paged_adamw"}),
        ({"lora_target": "all"}, {"lora_targets": "all-linear"}),
        ({"lora_target": "q_proj,v_proj"}, {"lora_targets": ("q_proj", "v_proj")}),
        ({"target_modules": ["q_proj"]}, {"lora_targets": ("q_proj",)}),
        ({"attn_implementation": "flash_attention_2"}, {"attention": "flash_attention_2"}),
        ({"flash_attn": "fa2"}, {"attention": "flash_attention_2"}),
        ({"cutoff_len": 4096}, {"sequence_length": 4096}),
        ({"per_device_train_batch_size": 3}, {"micro_batch": 3}),
        (
            {"use_gradient_checkpointing": "unsloth"},
            {"gradient_checkpointing": True, "activation_offload": "checkpoints"},
        ),
        ({"activation_offloading": True}, {"activation_offload": "saved_tensors"}),
        ({"enable_activation_offloading": False}, {"activation_offload": "none"}),
        ({"optimizer_in_bwd": True}, {"optimizer_in_backward": True}),
        ({"additional_target": ["embed_tokens"]}, {"modules_to_save": "embeddings"}),
        (
            {"modules_to_save": ["lm_head", "model.embed_tokens"]},
            {"modules_to_save": "embeddings_and_head"},
        ),
        ({"sample_packing": True}, {"padding_free": True}),
    ],
)
def test_a_trainers_words_become_ours(stated, expected):
    settings = settings_from_mapping(stated, method="lora")

    assert settings == TrainingSettings(method="lora", **expected)


@pytest.mark.parametrize(
    ("words", "setting"),
    [(OPTIMIZERS, "optimizer"), (ATTENTIONS, "attention"), (QUANTIZATIONS, "quantization")],
)
def test_every_alias_means_a_choice_and_hides_none(words, setting):
    assert set(words.values()) <= set(CHOICES[setting])
    assert not set(words) & set(CHOICES[setting])


def test_a_name_of_ours_goes_before_a_trainers():
    assert settings_from_mapping({"optim": "sgd", "optimizer": "lion"}).optimizer == "lion"
    assert set(NAMES.values()) <= set(TrainingSettings.__dataclass_fields__)


@pytest.mark.parametrize(
    "stated",
    [
        {"optimizer": "adamw_torch_2bit"},
        {"modules_to_save": ["score"]},
        {"gradient_checkpointing": "sometimes"},
        {"activation_offload": "moon"},
        {"optimizer": ["adamw"]},
        {"attention": 3},
    ],
)
def test_a_word_that_nobody_knows_is_still_refused(stated):
    with pytest.raises(SettingsError) as caught:
        settings_from_mapping(stated)

    assert [error.field for error in caught.value.errors] == list(stated)

"""What single families do otherwise: Llama 4's experts, Gemma 4's shared keys and own inputs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.parameters import count_parameters

from .architectures import architecture

WITHOUT_CHECKPOINTS = TrainingSettings(method="lora", gradient_checkpointing=False)


def saved_bytes(model, settings=WITHOUT_CHECKPOINTS):
    parts = {item.component: item.bytes for item in estimate(model, settings).breakdown}
    return parts["saved_activations"]


def test_llama_4_saves_as_much_however_many_experts_a_token_chooses():
    scout = architecture("llama-4-scout-109b-a17b")

    assert saved_bytes(replace(scout, experts_per_token=4)) == saved_bytes(scout)


def test_llama_4_saves_more_with_more_experts_of_which_a_token_chooses_one():
    scout = architecture("llama-4-scout-109b-a17b")

    # modeling_llama4.py, Llama4TextMoe: a copy of every token for each expert.
    assert saved_bytes(replace(scout, expert_count=32)) > 1.8 * saved_bytes(scout)


def test_a_mixture_of_grouped_products_saves_as_much_however_many_experts_there_are():
    mixtral = architecture("mixtral-8x7b")
    attention = replace(WITHOUT_CHECKPOINTS, lora_targets=("q_proj",))
    more = replace(mixtral, expert_count=16)

    # But for the router's scores.
    assert saved_bytes(more, attention) == pytest.approx(saved_bytes(mixtral, attention), rel=1e-3)


def test_gemma_4_e2bs_own_inputs_are_widened_with_its_other_embedding():
    e2b = replace(architecture("gemma-4-e2b"), vision_parameter_count=0)
    run = TrainingSettings(method="qlora")

    def weights(settings):
        parts = {item.component: item.bytes for item in estimate(e2b, settings).breakdown}
        return parts["weights"]

    narrowed = weights(run) - weights(replace(run, prepare_kbit=False))
    counts = count_parameters(e2b)
    # peft's prepare_model_for_kbit_training: 2 bytes more for all that is not a linear map.
    assert narrowed == 2 * (counts.total_count - counts.linear_count)
    assert counts.other_count > 262_144 * 35 * 256


def test_layers_that_share_keys_have_no_maps_for_them():
    e4b = architecture("gemma-4-e4b")
    alone = replace(e4b, shared_kv_layer_count=0)

    # 18 layers: 15 with two key heads of 256, 3 with two of 512, and a norm of keys in each.
    spared = 15 * (2 * 2560 * 512 + 256) + 3 * (2 * 2560 * 1024 + 512)
    assert count_parameters(alone).total_count - count_parameters(e4b).total_count == spared


@pytest.mark.parametrize("slug", ["bloom-7b1", "gpt-j-6b", "mpt-7b"])
def test_what_has_no_fused_attention_takes_the_square_of_the_length(slug):
    model = architecture(slug)
    short, long = (
        saved_bytes(model, replace(WITHOUT_CHECKPOINTS, sequence_length=length))
        for length in (1024, 2048)
    )

    assert long > 2.3 * short

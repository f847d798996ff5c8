"""What bitsandbytes, transformers and TRL of earlier versions hold: bytes of each operation."""

from __future__ import annotations

import pytest

from calculator.estimation import TrainingSettings, estimate

from .architectures import architecture

LLAMA = architecture("llama-3-1-8b")  # 32 layers, hidden size 4,096, MLP 14,336
TOKENS = 2048
ENDS = 2 * 128_256 * 4096
BARE = {
    "method": "qlora",
    "sequence_length": TOKENS,
    "recipe": "pure_bf16",
    "adapter_precision": "bf16",
    "prepare_kbit": False,
    "lora_targets": ("q_proj",),
}


def of(**settings):
    return estimate(LLAMA, TrainingSettings(**settings))


def parts(result) -> dict[str, int]:
    return {item.component: item.bytes for item in result.breakdown}


@pytest.mark.parametrize("version", ["0.43", "0.42"])
def test_bitsandbytes_kept_the_input_of_each_4_bit_product(version):
    # Attention saves what o_proj takes and the adapter what q_proj takes; so what the MLP's norm
    # gives to gate and up, and what down_proj takes, stay besides.
    run = {**BARE, "gradient_checkpointing": False}
    kept = 32 * TOKENS * 2 * (4096 + 14_336)

    older, now = of(**run, bitsandbytes_version=version), of(**run)

    assert older.phases["loss"] - now.phases["loss"] == kept


def test_under_a_checkpoint_that_has_a_graph_they_stay_too():
    # Of each layer: what both norms and attention give, and what down_proj takes.
    older = of(**BARE, bitsandbytes_version="0.43")
    reentrant = of(**BARE, bitsandbytes_version="0.43", reentrant_checkpoints=True)
    now = of(**BARE)

    each = 32 * TOKENS * 2 * (3 * 4096 + 14_336)
    assert older.phases["loss"] - now.phases["loss"] == pytest.approx(each, rel=0.01)
    assert reentrant.phases["loss"] == now.phases["loss"]


def test_weights_quantised_from_fp16_pass_through_it():
    # Where the largest map is dequantised, two copies of it are there at a time.
    dequantized = parts(of(**BARE, loss="chunked", bitsandbytes_version="0.42"))
    one = parts(of(**BARE, loss="chunked", bitsandbytes_version="0.43"))

    assert dequantized["dequantized_weights"] > 1.9 * one["dequantized_weights"]


def test_fp16_needs_no_second_copy():
    run = {**BARE, "recipe": "fp16_autocast"}

    assert of(**run, bitsandbytes_version="0.42") == of(**run, bitsandbytes_version="0.43")


def test_reentrant_checkpoints_leave_no_graph_that_keeps_inputs_of_8_bit_maps():
    run = {"method": "qlora", "sequence_length": TOKENS, "reentrant_checkpoints": True}
    in_8_bits, in_4_bits = of(**run, quantization="int8"), of(**run)

    weights = [parts(each)["weights"] for each in (in_8_bits, in_4_bits)]
    assert in_8_bits.phases["loss"] - weights[0] == in_4_bits.phases["loss"] - weights[1]


def test_what_is_said_of_a_step_goes_by_its_checkpoints():
    run = {"method": "qlora", "quantization": "int8"}
    plain, reentrant = of(**run).assumptions, of(**run, reentrant_checkpoints=True).assumptions

    assert set(plain) - set(reentrant) == {
        "Each layer is checkpointed (non-reentrant) and recomputed in the backward pass.",
        "bitsandbytes' 8-bit layers keep their inputs until the backward pass is done,"
        " checkpointing or not.",
    }
    assert set(reentrant) - set(plain) == {
        "Each layer is checkpointed (reentrant) and recomputed in the backward pass."
    }


def test_without_checkpointing_reentrance_is_nothing():
    run = {"method": "lora", "gradient_checkpointing": False}

    assert of(**run, reentrant_checkpoints=True) == of(**run)


def test_embedding_and_head_are_cast_back_with_all_that_is_trained_of_them():
    run = {"method": "qlora", "sequence_length": 512}
    saved = {**run, "modules_to_save": "embeddings_and_head"}
    plain, back = parts(of(**run)), parts(of(**run, casts_ends_back=True))
    plain_saved, back_saved = parts(of(**saved)), parts(of(**saved, casts_ends_back=True))

    assert plain["weights"] - back["weights"] == 2 * ENDS
    assert plain_saved["optimizer_states"] - back_saved["optimizer_states"] == 2 * 2 * ENDS


def test_it_is_nothing_where_they_were_not_widened():
    run = {"method": "qlora", "prepare_kbit": False}

    assert of(**run, casts_ends_back=True) == of(**run)

"""Settings of the step: each moves the bytes that its operation makes, and no others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate, settings_from_mapping
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.units import GB, GIB

from .architectures import architecture

LLAMA = "llama-3-1-8b"  # 32 layers, hidden size 4,096, vocabulary 128,256


def parts(result) -> dict[str, int]:
    return {item.component: item.bytes for item in result.breakdown}


def of(model: str = LLAMA, **settings):
    return estimate(architecture(model), TrainingSettings(**settings))


# Activations on the host


def test_unsloths_checkpoints_leave_one_buffer_on_the_gpu():
    one = 4096 * 8192 * 2
    kept = of(method="lora", sequence_length=8192)
    offloaded = of(method="lora", sequence_length=8192, activation_offload="checkpoints")

    assert parts(kept)["checkpoints"] == 32 * one
    # Where the loss is computed: the buffer, and the last layer's input, which is needed first.
    assert offloaded.peak_phase == "loss"
    assert parts(offloaded)["checkpoints"] == 2 * one
    assert kept.phases["loss"] - offloaded.phases["loss"] == 30 * one


def test_offloaded_saved_tensors_keep_five_whose_copy_may_be_under_way():
    one = 4096 * 65_536 * 2
    run = {"method": "lora", "sequence_length": 65_536, "loss": "chunked"}
    kept, offloaded = of(**run), of(**run, activation_offload="saved_tensors")

    # In the forward pass 31 inputs are there when the last layer runs; in the backward pass none.
    assert kept.phases["forward"] - offloaded.phases["forward"] == 26 * one
    assert kept.phases["backward"] - offloaded.phases["backward"] == pytest.approx(
        31 * one, rel=0.02
    )


def test_without_checkpointing_saved_tensors_leave_layer_by_layer():
    run = {"method": "lora", "gradient_checkpointing": False, "loss": "chunked"}
    kept, offloaded = of(**run), of(**run, activation_offload="saved_tensors")

    assert offloaded.peak_allocated_bytes < 0.75 * kept.peak_allocated_bytes
    assert of(**run, activation_offload="checkpoints") == replace(
        kept, assumptions=of(**run, activation_offload="checkpoints").assumptions
    )


def test_72b_at_24k_tokens_fits_80_gb_with_unsloths_offloading():
    # What people report: it works on one GPU of 80 GB.
    run = {"trainer": "unsloth", "micro_batch": 1, "sequence_length": 24_576}
    found = estimate(architecture("qwen2-5-72b"), settings_from_mapping(run, method="qlora"))

    assert found.device_bytes.likely < 80 * GB


# Widths that a quantised base hands on


@pytest.mark.parametrize(("method", "width"), [("qlora", 4), ("lora", 2)])
def test_autocasts_layer_norms_make_the_residual_stream_fp32_by_quantised_maps(method, width):
    # A GPU's autocast norms in fp32, and a 4-bit map gives back what it gets: so does the sum.
    run = {"method": method, "sequence_length": 4096, "prepare_kbit": False}
    phi = of("phi-2-2-7b", **run)

    assert parts(phi)["checkpoints"] == 32 * 4096 * 2560 * width


# The optimizer in the backward pass


def test_gradients_go_as_they_come():
    run = {"recipe": "pure_bf16", "optimizer": "paged_adamw_8bit", "sequence_length": 512}
    after, within = of(**run), of(**run, optimizer_in_backward=True)
    gradients = 2 * count_parameters(architecture(LLAMA)).total_count

    assert after.phases["optimizer_step"] - within.phases["optimizer_step"] == gradients
    # The largest that is left is the embedding's own gradient.
    assert within.phases["backward"] < after.phases["backward"] - gradients + 2 * GB


def test_torchtunes_llama_2_7b_takes_20_to_22_gb():
    # pytorch/torchtune#961: 4 × 2,048 tokens, paged AdamW within the backward pass, 20.2 GiB.
    run = TrainingSettings(
        recipe="pure_bf16",
        optimizer="paged_adamw",
        optimizer_in_backward=True,
        micro_batch=4,
        keeps_logits=True,
    )
    found = estimate(architecture("llama-2-7b"), run).peak_allocated_bytes

    assert found == pytest.approx(20.2 * GIB, rel=0.12)


def test_accumulated_gradients_have_to_stay():
    run = {"recipe": "pure_bf16", "gradient_accumulation": 4}

    within, after = of(**run, optimizer_in_backward=True), of(**run)

    assert within.phases == after.phases
    assert any("have to stay" in line for line in within.assumptions)


def test_each_step_within_the_backward_pass_takes_its_own_temporaries():
    run = {"recipe": "pure_bf16", "optimizer_in_backward": True, "sequence_length": 512}

    found = of(**run, optimizer="adamw")

    # Of the head's weight, while all checkpoints are still there.
    assert found.peak_phase == "loss"
    assert parts(found)["optimizer_temporaries"] == 2 * 2 * 128_256 * 4096


# Padding-free batches, and attention by name


def test_a_padding_free_batch_under_flash_attention_is_one_row_without_a_mask():
    run = {"method": "lora", "micro_batch": 4, "attention": "flash_attention_2"}
    rows, one_row = of(**run), of(**run, padding_free=True)
    long = of(method="lora", sequence_length=4 * 2048, attention="flash_attention_2")

    assert one_row.phases == long.phases
    # Position ids and rotary tables of every token rather than of one sequence.
    assert 0 < one_row.peak_allocated_bytes - rows.peak_allocated_bytes < GB / 100


def test_sdpa_masks_the_boundaries_of_a_packed_row():
    run = {"method": "lora", "micro_batch": 4, "padding_free": True}
    masked, free = of(**run), of(**run, attention="flash_attention_2")
    pairs = (4 * 2048) ** 2

    assert parts(masked)["inputs_and_masks"] - parts(free)["inputs_and_masks"] == pairs
    assert masked.peak_allocated_bytes >= free.peak_allocated_bytes + pairs


def test_windows_need_no_mask_under_flash_or_flex_attention():
    run = {"method": "lora", "sequence_length": 8192}
    sdpa = of("mistral-7b-v0-1", **run)

    for attention in ("flash_attention_2", "flex_attention"):
        found = of("mistral-7b-v0-1", **run, attention=attention)
        assert found.peak_allocated_bytes <= sdpa.peak_allocated_bytes - 8192**2


def test_sinks_and_soft_caps_need_no_scores_where_the_kernel_takes_them():
    for model in ("gpt-oss-20b", "gemma-2-2b"):
        run = {"method": "lora", "sequence_length": 4096}
        assert of(model, **run) == replace(of(model, **run, attention="eager"))
        assert (
            of(model, **run, attention="flex_attention").peak_allocated_bytes
            < of(model, **run).peak_allocated_bytes
        )


# Optimizers


@pytest.mark.parametrize(
    ("optimizer", "bytes_per_parameter"),
    [
        ("adamw", 8),
        ("adamw_8bit", 2 * (1 + 4 / 256)),
        ("adamw_torchao_8bit", 2 * (1 + 4 / 256)),
        ("adamw_torchao_4bit", 2 * (0.5 + 4 / 128)),
        ("lion", 4),
        ("lion_8bit", 1 + 4 / 256),
        ("paged_adamw", 0),
        ("sgd", 0),
    ],
)
def test_states_of_the_optimizers(optimizer, bytes_per_parameter):
    count = count_parameters(architecture(LLAMA)).total_count

    states = parts(of(optimizer=optimizer)).get("optimizer_states", 0)

    assert states == pytest.approx(bytes_per_parameter * count, rel=1e-9)


def test_paged_states_may_lie_on_the_card():
    paged, none = of(optimizer="paged_adamw"), of(optimizer="sgd")
    count = count_parameters(architecture(LLAMA)).total_count

    assert paged.device_bytes.low == none.device_bytes.low
    assert paged.device_bytes.high - none.device_bytes.high == 8 * count


def test_muon_keeps_one_momentum_of_the_layers_matrices_and_adamws_two_of_the_rest():
    counts = count_parameters(architecture(LLAMA))
    rest = counts.total_count - counts.linear_count

    states = parts(of(recipe="pure_bf16", optimizer="muon"))["optimizer_states"]

    assert states == 2 * counts.linear_count + 4 * rest


def test_galore_keeps_moments_of_rank_times_the_long_side():
    counts = count_parameters(architecture("llama-2-7b"))
    rest = counts.total_count - counts.linear_count
    # q, k, v, o: 4,096 × 4,096; gate, up, down: 4,096 × 11,008; rank 128 of each.
    moments = 32 * 2 * 128 * (4 * 4096 + 3 * 11_008)
    projections = 32 * 128 * 7 * 4096

    for optimizer in ("galore_adamw", "apollo_adamw"):
        found = of("llama-2-7b", recipe="pure_bf16", optimizer=optimizer)
        assert parts(found)["optimizer_states"] == 2 * (moments + projections) + 4 * rest
    smaller = of("llama-2-7b", recipe="pure_bf16", optimizer="galore_adamw", projection_rank=64)
    assert parts(smaller)["optimizer_states"] == moments + projections + 4 * rest


# DoRA, and what is trained beside adapters


def test_dora_trains_a_magnitude_for_each_output():
    outputs = 4096 + 1024 + 1024 + 4096 + 14_336 + 14_336 + 4096
    run = {"method": "lora", "loss": "chunked", "sequence_length": 128}
    plain, dora = of(**run), of(**run, use_dora=True)

    added = dora.parameters_trainable_count - plain.parameters_trainable_count
    assert added == 32 * outputs
    assert parts(dora)["dora_weights"] > 0
    assert dora.peak_allocated_bytes > plain.peak_allocated_bytes


def test_saved_modules_are_second_copies_with_gradients_and_states():
    embedding = 128_256 * 4096
    plain = of(method="lora", sequence_length=64)
    both = of(method="lora", sequence_length=64, modules_to_save="embeddings_and_head")

    assert both.parameters_trainable_count - plain.parameters_trainable_count == 2 * embedding
    assert both.peak_phase == "optimizer_step"
    assert parts(both)["adapters"] - parts(plain)["adapters"] == 2 * 2 * embedding
    assert parts(both)["optimizer_states"] - parts(plain)["optimizer_states"] == 8 * embedding
    assert parts(both)["optimizer_temporaries"] == 2 * 2 * embedding


# Quantised bases


@pytest.mark.parametrize(
    ("quantization", "bytes_per_weight"),
    [("awq", 0.51953125), ("gptq", 0.51953125), ("fp8", 1.000244140625)],
)
def test_bases_quantised_otherwise(quantization, bytes_per_weight):
    counts = count_parameters(architecture(LLAMA))
    found = of(method="qlora", quantization=quantization, prepare_kbit=False)
    small = counts.total_count - counts.linear_count

    assert parts(found)["weights"] == round(counts.linear_count * bytes_per_weight + 2 * small)


def test_mxfp4_quantises_experts_alone():
    counts = count_parameters(architecture("gpt-oss-20b"))
    found = of("gpt-oss-20b", method="qlora", quantization="mxfp4", prepare_kbit=False)
    rest = counts.total_count - counts.expert_count

    assert parts(found)["weights"] == round(counts.expert_count * (0.5 + 1 / 32) + 2 * rest)
    # OpenAI's checkpoint of gpt-oss-20b has 13.8 GB.
    assert parts(found)["weights"] == pytest.approx(13.8 * GB, rel=0.02)


# Evaluation


def test_an_evaluation_batch_has_no_gradients_and_whole_logits():
    run = {"method": "lora", "loss": "chunked", "sequence_length": 1024}
    without, with_it = of(**run), of(**run, eval_micro_batch=8)
    logits = 8 * 1024 * 128_256

    assert "evaluation" not in without.phases
    assert with_it.peak_phase == "evaluation"
    # bf16 logits, their fp32 copy and the log-softmax: 10 bytes.
    assert parts(with_it)["logits_and_loss"] == pytest.approx(10 * logits, rel=0.01)
    assert "gradients" not in parts(with_it)
    assert "checkpoints" not in parts(with_it)
    assert {**with_it.phases, "evaluation": 0} == {**without.phases, "evaluation": 0}


def test_gathered_logits_are_kept_in_fp32():
    run = {"method": "lora", "eval_micro_batch": 8, "sequence_length": 1024}
    gathered, dropped = of(**run, eval_keeps_logits=True), of(**run)

    difference = gathered.phases["evaluation"] - dropped.phases["evaluation"]
    assert difference == 4 * 8 * 1024 * 128_256


@pytest.mark.parametrize("strategy", ["ddp", "zero2", "zero3", "fsdp"])
def test_an_evaluation_batch_of_several_gpus_is_each_gpus_own(strategy):
    run = TrainingSettings(method="lora", loss="chunked", eval_micro_batch=16)
    found = estimate_sharded(architecture(LLAMA), run, Sharding(strategy, 4)).per_gpu

    assert found.peak_phase == "evaluation"
    assert sum(parts(found).values()) == found.peak_allocated_bytes

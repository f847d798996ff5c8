"""What holds of every estimate, whatever the model and the settings."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, example, given
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.settings import CHOICES, Method
from calculator.estimation.step.numerics import numerics_of
from calculator.estimation.step.resident import has_adapters
from tests.calculator.estimation.architectures import all_architectures

architectures = st.sampled_from(sorted(all_architectures())).map(all_architectures().__getitem__)


def chosen(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([value for value in CHOICES[name] if value])


runs = st.builds(
    TrainingSettings,
    method=chosen("method"),
    micro_batch=st.integers(1, 16),
    sequence_length=st.integers(1, 65_536),
    gradient_checkpointing=st.booleans(),
    attention=chosen("attention"),
    loss=chosen("loss"),
    kernels=chosen("kernels"),
    recipe=chosen("recipe"),
    optimizer=chosen("optimizer"),
    gradient_accumulation=st.integers(1, 4),
    lora_rank=st.sampled_from([1, 8, 16, 64, 256]),
    lora_targets=st.sampled_from(["all-linear", ("q_proj", "v_proj")]),
    lora_dropout=st.sampled_from([0.0, 0.05]),
    adapter_precision=chosen("adapter_precision"),
    quantization=chosen("quantization"),
    prepare_kbit=st.booleans(),
    keeps_logits=st.booleans(),
    experts=chosen("experts"),
    expert_targets=chosen("expert_targets"),
    expert_lora=chosen("expert_lora"),
    activation_offload=chosen("activation_offload"),
    optimizer_in_backward=st.booleans(),
    padding_free=st.booleans(),
    use_dora=st.booleans(),
    modules_to_save=chosen("modules_to_save"),
    eval_micro_batch=st.sampled_from([0, 1, 8]),
    eval_keeps_logits=st.booleans(),
)


def component_bytes(result, component: str) -> int:
    return next((item.bytes for item in result.breakdown if item.component == component), 0)


@given(architectures, runs)
def test_the_parts_sum_to_the_peak_and_the_peak_is_the_most_of_the_phases(architecture, run):
    result = estimate(architecture, run)

    assert sum(item.bytes for item in result.breakdown) == result.peak_allocated_bytes
    assert all(item.bytes > 0 for item in result.breakdown)
    assert result.phases[result.peak_phase] == max(result.phases.values())
    assert result.peak_allocated_bytes == max(result.phases.values())


@given(architectures, runs, st.integers(1, 8192), st.integers(0, 4))
def test_more_tokens_never_take_less(architecture, run, more_tokens, more_sequences):
    longer = replace(
        run,
        sequence_length=run.sequence_length + more_tokens,
        micro_batch=run.micro_batch + more_sequences,
    )

    assert (
        estimate(architecture, longer).peak_allocated_bytes
        >= estimate(architecture, run).peak_allocated_bytes
    )


@given(architectures, runs, st.sampled_from(["lora", "qlora"]), st.integers(1, 64))
def test_a_higher_rank_never_takes_less(architecture, run, method: Method, more):
    run = replace(run, method=method)
    higher = replace(run, lora_rank=run.lora_rank + more)

    assert (
        estimate(architecture, higher).peak_allocated_bytes
        >= estimate(architecture, run).peak_allocated_bytes
    )


@given(architectures, runs)
def test_twice_the_layers_never_take_less(architecture, run):
    deeper = replace(
        architecture,
        layer_count=2 * architecture.layer_count,
        linear_layer_count=2 * architecture.linear_layer_count,
        stated_layers=2 * architecture.stated_layers,
    )

    assert (
        estimate(deeper, run).peak_allocated_bytes
        >= estimate(architecture, run).peak_allocated_bytes
    )


@given(architectures, runs, st.integers(1, 4096))
def test_a_wider_mlp_never_takes_less(architecture, run, more):
    wider = replace(
        architecture,
        intermediate_size=architecture.intermediate_size + more,
        expert_intermediate_size=architecture.expert_intermediate_size
        + (more if architecture.is_moe else 0),
    )

    assert (
        estimate(wider, run).peak_allocated_bytes
        >= estimate(architecture, run).peak_allocated_bytes
    )


@given(architectures, runs)
def test_checkpointing_takes_at_most_a_layer_s_input_more(architecture, run):
    # With few tokens it does, by a layer's inputs: adapters then need the embedding's gradient.
    # So it does where layers before the first adapter would keep nothing.
    numerics = numerics_of(run)
    first = architecture.layer_kinds()[0]
    assume(numerics.trains_base or has_adapters(architecture, numerics, *first))
    # Sparse attention's scores come and go in the forward pass, whose second run stands beside the
    # gradients of all other layers.
    assume(not architecture.index_head_count)
    # Nor does it hold where activations go to the host, checkpointed or not; and an evaluation or
    # an optimizer's step may be the peak of either, which has other activations.
    run = replace(
        run,
        sequence_length=run.sequence_length + 1023,
        activation_offload="none",
        eval_micro_batch=0,
        optimizer_in_backward=False,
    )

    kept = estimate(architecture, replace(run, gradient_checkpointing=False))
    recomputed = estimate(architecture, replace(run, gradient_checkpointing=True))

    # Where the first layer's backward pass is the peak, its checkpoint stands beside what its second
    # run has saved, of at most fp32; in a mixture so does the 16-bit copy that split adapters of
    # experts read, with the tokens' ways to their experts.
    token_bytes = architecture.hidden_size * 4
    if architecture.is_moe:
        token_bytes += architecture.hidden_size * 2 + architecture.experts_per_token * 8
    input_bytes = run.micro_batch * run.sequence_length * token_bytes
    assert recomputed.activation_bytes <= kept.activation_bytes + input_bytes
    assert recomputed.peak_allocated_bytes <= kept.peak_allocated_bytes + input_bytes


@given(architectures, runs)
def test_offloaded_activations_never_take_more(architecture, run):
    # But for few layers: a buffer and the last layer's input, or five of them.
    kept, checkpoints, saved = (
        estimate(architecture, replace(run, activation_offload=name)).peak_allocated_bytes
        for name in ("none", "checkpoints", "saved_tensors")
    )

    assert checkpoints <= kept
    assert saved <= kept


@given(architectures, runs)
def test_a_step_in_the_backward_pass_never_takes_more_than_its_largest_temporaries(
    architecture, run
):
    run = replace(run, eval_micro_batch=0)
    after = estimate(architecture, replace(run, optimizer_in_backward=False))
    within = estimate(architecture, replace(run, optimizer_in_backward=True))
    temporaries = next(
        (item.bytes for item in within.breakdown if item.component == "optimizer_temporaries"), 0
    )

    assert within.peak_allocated_bytes <= after.peak_allocated_bytes + temporaries


@given(architectures, runs)
def test_quantised_experts_never_take_more_than_experts_in_16_bits_and_those_than_widened(
    architecture, run
):
    run = replace(run, method="qlora", quantization="nf4_double", recipe="bf16_autocast")
    weights = [
        component_bytes(estimate(architecture, replace(run, experts=name)), "weights")
        for name in ("quantized", "16bit", "widened")
    ]

    assert weights == sorted(weights)


@given(architectures, runs)
def test_a_fused_loss_never_takes_more_than_the_standard_one(architecture, run):
    standard, fused = (
        estimate(architecture, replace(run, loss=loss)).peak_allocated_bytes
        for loss in ("standard", "fused")
    )

    assert fused <= standard


# A tied head's optimizer step waits for the embedding's gradient, whichever the loss.
@example(
    all_architectures()["aya-expanse-8b"],
    TrainingSettings(
        method="full",
        optimizer="adafactor",
        recipe="pure_bf16",
        optimizer_in_backward=True,
        sequence_length=1,
    ),
)
@given(architectures, runs)
def test_a_chunked_loss_never_takes_more_than_a_fused_one_with_as_many_tokens_as_are_wide(
    architecture, run
):
    # With fewer tokens the gradient of a trained head, which it makes early, outweighs the logits.
    length = run.sequence_length + architecture.hidden_size
    run = replace(run, sequence_length=length, eval_micro_batch=0)

    fused, chunked = (
        estimate(architecture, replace(run, loss=loss)).peak_allocated_bytes
        for loss in ("fused", "chunked")
    )

    assert chunked <= fused


@given(architectures, runs)
def test_weights_of_fewer_bits_take_no_more(architecture, run):
    held = replace(run, prepare_kbit=False, recipe="bf16_autocast")
    in_16_bits = estimate(architecture, replace(held, method="lora"))
    in_8_bits = estimate(architecture, replace(held, method="qlora", quantization="int8"))
    in_4_bits = estimate(architecture, replace(held, method="qlora", quantization="nf4"))
    nested = estimate(architecture, replace(held, method="qlora", quantization="nf4_double"))

    weights = [
        component_bytes(result, "weights") for result in (nested, in_4_bits, in_8_bits, in_16_bits)
    ]
    assert weights == sorted(weights)

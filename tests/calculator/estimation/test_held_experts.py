"""How QLoRA holds the experts of a mixture: bytes of each way, trainers, and field reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calculator.estimation import TrainingSettings, estimate, settings_from_mapping
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.held_experts import EXPERTS_IN_WORDS, qlora_beside_lora
from calculator.estimation.lora_targets import check_targets
from calculator.estimation.settings import CHOICES
from calculator.estimation.units import GB, GIB

from .architectures import architecture

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
QWEN3 = "qwen3-30b-a3b"


def parts(result) -> dict[str, int]:
    return {item.component: item.bytes for item in result.breakdown}


def held(experts: str, **settings):
    run = TrainingSettings(method="qlora", lora_targets=ATTENTION, experts=experts, **settings)
    return estimate(architecture(QWEN3), run)


def test_weights_are_those_of_the_experts_bits():
    experts = count_parameters(architecture(QWEN3)).expert_count
    weights = {name: parts(held(name))["weights"] for name in CHOICES["experts"]}

    assert weights["widened"] - weights["16bit"] == 2 * experts
    assert weights["16bit"] - weights["quantized"] == pytest.approx(
        (2 - 0.5 - 1 / 64 - 1 / 4096) * experts, abs=1
    )
    assert weights["quantized"] == weights["quantized_kept"] == weights["linear"]


def test_a_layer_dequantises_one_stack_both_or_one_expert_at_a_time():
    # Qwen3-30B-A3B: 128 experts of 2,048 × 768, gate and up in one stack, in bf16.
    one = 2048 * 768 * 2
    most = {
        name: parts(held(name, sequence_length=64, loss="chunked"))["dequantized_weights"]
        for name in ("quantized", "quantized_kept", "linear")
    }

    assert most["quantized"] == 128 * 2 * one
    assert most["quantized_kept"] == 128 * 3 * one
    assert most["linear"] < 128 * one


def test_full_fine_tuning_and_lora_take_no_notice_of_quantised_experts():
    for method in ("full", "lora"):
        run = TrainingSettings(method=method, lora_targets=ATTENTION)
        for experts in ("quantized", "quantized_kept", "16bit", "widened"):
            assert (
                estimate(architecture(QWEN3), replace(run, experts=experts)).breakdown
                == estimate(architecture(QWEN3), run).breakdown
            )


@pytest.mark.parametrize(
    ("trainer", "experts"),
    [
        ("", "quantized"),
        ("unsloth", "quantized"),
        ("axolotl", "quantized_kept"),
        ("trl", "16bit"),
        ("llama-factory", "16bit"),
    ],
)
def test_each_trainer_holds_experts_as_its_source_says(trainer, experts):
    assert settings_from_mapping({"trainer": trainer}, method="qlora").experts == experts


def test_the_trap_of_plain_transformers_is_told_with_its_figure():
    found = qlora_beside_lora(architecture(QWEN3), TrainingSettings(lora_targets=ATTENTION))

    assert [item.experts for item in found.variants] == list(EXPERTS_IN_WORDS)
    assert found.trap is not None
    assert found.trap.experts == "widened"
    assert found.trap.estimate.device_bytes.likely > 100 * GB
    assert found.qlora.device_bytes.likely < 30 * GB
    assert (found.excess_bytes, found.reason) == (0, "")


def test_qlora_above_lora_says_why():
    run = TrainingSettings(lora_targets=ATTENTION, experts="widened")

    found = qlora_beside_lora(architecture(QWEN3), run)

    assert found.excess_bytes > 40 * GB
    assert "not quantised are held wider" in found.reason
    assert f"{found.excess_bytes / GB:.1f} GB more than LoRA" in found.reason
    assert found.trap is None


def test_a_dense_model_has_no_experts_to_hold():
    found = qlora_beside_lora(architecture("llama-3-1-8b"), TrainingSettings())

    assert found.variants == ()
    assert found.trap is None


def test_adapters_reach_experts_by_name_by_parameter_or_not_at_all():
    def trained(**settings) -> int:
        run = TrainingSettings(method="qlora", **settings)
        return estimate(architecture(QWEN3), run).parameters_trainable_count

    attention = trained(lora_targets=ATTENTION)
    # peft gives the stack of gate and up twice the rank when it is meant by its names.
    by_name, by_parameter = trained(), trained(expert_targets="per_expert")
    gate_up, down = 128 * 16 * (2048 + 2 * 768), 128 * 16 * (768 + 2048)
    router = 16 * (2048 + 128)

    assert by_name == attention + 48 * (2 * gate_up + down + router)
    assert by_parameter == attention + 48 * (gate_up + down)
    assert trained(expert_targets="none") == attention
    assert trained(expert_targets="per_expert_and_router") == by_parameter + 48 * router
    each = 48 * 128 * 16 * 3 * (2048 + 768)
    assert trained(experts="linear") == attention + each


def test_a_target_with_its_path_reaches_the_shared_expert_alone():
    model = architecture("qwen3-next-80b-a3b")
    run = TrainingSettings(method="qlora", lora_targets=("q_proj",))

    def trained(*targets: str) -> int:
        settings = replace(run, lora_targets=targets)
        check_targets(model, settings)
        return estimate(model, settings).parameters_trainable_count

    # Its hidden size is 2,048, the shared expert's width 512, in each of 48 layers.
    added = trained("q_proj", "shared_expert.up_proj") - trained("q_proj")
    assert added == 48 * 16 * (2048 + 512)
    assert trained("self_attn.q_proj") == trained("q_proj")


def test_split_adapters_make_no_second_stack_of_experts():
    run = TrainingSettings(method="lora")
    folded = estimate(architecture(QWEN3), run)
    split = estimate(architecture(QWEN3), replace(run, expert_lora="split"))

    assert parts(folded)["adapted_experts"] > GB
    assert parts(split).get("adapted_experts", 0) < GB / 100
    assert split.peak_allocated_bytes < folded.peak_allocated_bytes


def test_eight_bit_stacks_are_dequantised_to_fp32_by_axolotl():
    four, eight = (
        parts(held("quantized_kept", quantization=name, sequence_length=64, loss="chunked"))
        for name in ("nf4", "int8")
    )

    assert eight["dequantized_weights"] == 2 * four["dequantized_weights"]


AXOLOTL = {"trainer": "axolotl", "gradient_checkpointing": True, "loss": "chunked"}
REPORTS = [
    # unsloth's page at qwen.readthedocs.io; unsloth#2504, adapters on all seven names
    (QWEN3, 17.5 * GB, {"trainer": "unsloth", "micro_batch": 2, "lora_targets": ATTENTION}),
    (QWEN3, 29.6 * GB, {"trainer": "unsloth", "micro_batch": 2}),
    # axolotl, examples/glm47-flash/lora.yaml, qwen3-next
    (
        "glm-4-7-flash-30b-a3b",
        35 * GIB,
        {
            **AXOLOTL,
            "quantization": "int8",
            "lora_rank": 32,
            "lora_targets": ATTENTION,
            "micro_batch": 2,
            "sequence_length": 2048,
            "optimizer": "adamw_torch_8bit",
            "attention": "flash_attention_2",
        },
    ),
    (
        "qwen3-next-80b-a3b",
        47 * GIB,
        {
            **AXOLOTL,
            "lora_targets": (
                *ATTENTION,
                "linear_attn.in_proj_ba",
                "linear_attn.in_proj_qkvz",
                "linear_attn.out_proj",
                "shared_expert.up_proj",
                "shared_expert.down_proj",
                "shared_expert.gate_proj",
                "shared_expert_gate",
            ),
            "micro_batch": 2,
            "sequence_length": 2048,
            "optimizer": "adamw_bnb_8bit",
            "attention": "flash_attention_2",
        },
    ),
]


@pytest.mark.parametrize(("model", "seen_bytes", "settings"), REPORTS)
def test_reported_runs_of_quantised_mixtures_are_met_within_15_percent(
    model, seen_bytes, settings
):
    run = settings_from_mapping(settings, method="qlora")

    found = estimate(architecture(model), run).device_bytes.likely

    assert found == pytest.approx(seen_bytes, rel=0.15)

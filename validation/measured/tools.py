"""How each tool behind the measured runs trains: facts with the file that shows them.

A `Tool` turns a row's words into values of `TrainingSettings`. It adds no factor of its own; what
the settings cannot express is a remark, and stays an error of the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from calculator.estimation.architectures.architecture import Architecture
from validation.measured.runs import MeasuredRun

Settings = tuple[dict[str, Any], list[str]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A source of runs. prefixes: of the ids of its rows.

    sums_over_gpus: its figures are sums. checkpoints_reentrantly: its checkpoints are reentrant,
    as transformers' were before version 5. uses_fsdp2, wraps_adapters, reduces_each_batch: how
    it sets FSDP up, where it does not use FSDP 1 with peft's wrapping and accelerate's.
    starts_with_longest: the length that its rows state is of the first micro-batch alone.
    """

    prefixes: tuple[str, ...]
    sums_over_gpus: bool = False
    checkpoints_reentrantly: bool = True
    uses_fsdp2: bool = False
    wraps_adapters: bool = True
    reduces_each_batch: bool = True
    starts_with_longest: bool = False

    def reason_against(self, run: MeasuredRun) -> str:
        """Why this row of the tool is left out, or nothing."""
        return ""

    def architecture(self, run: MeasuredRun, architecture: Architecture) -> Architecture:
        """The architecture as this tool builds it."""
        return architecture

    def settings(self, run: MeasuredRun) -> Settings:
        """Values of TrainingSettings beyond the row's columns, and remarks."""
        raise NotImplementedError


GPTQ = (
    "GPTQ weights (4 bits, one fp16 scale and a 4-bit zero per 128 weights: 0.52 bytes each) stand"
    " as NF4 with double quantisation (0.516)."
)

# plugins/fused-ops-and-kernels, models/*.py: its "foak" kernels fuse RMSNorm, rotary positions and
# the loss; SwiGLU is fused with adapters on the MLP only, and these runs have none there. Our
# kernels "fused" would fuse SwiGLU, most of what a layer keeps, so "standard" describes it.
FOAK = "Its fused RMSNorm and rotary kernels are left out; its SwiGLU is not fused in these runs."

# transformers 4.48, modeling_gpt_bigcode.py: the loss takes the logits as they are. Without
# autocast that is bf16: logits, shifted copy and log-softmax, 2 bytes each, as a fused loss takes.
BF16_LOSS = "GPT BigCode's loss ran in bf16: 6 bytes, as a fused loss takes."


class FmsAcceleration(Tool):
    """scripts/benchmarks of foundation-model-stack/fms-acceleration: HF Trainer on one machine.

    scenarios.yaml: rank 16, lora_dropout 0.1; `bf16: True` (autocast) for the quantised runs and
    for all of refs/a100_80gb_liger.csv, bf16 weights throughout. defaults.yaml: gradient
    checkpointing, FlashAttention. Optimizer adamw_torch: torch.optim.AdamW, for-each by default.
    framework_plugin_bnb.py: NF4 with double quantisation; only the "baseline" calls peft's
    prepare_model_for_kbit_training. transformers 4.45 or 4.48.
    """

    def settings(self, run: MeasuredRun) -> Settings:
        remarks: list[str] = []
        autocast = "bf16=TRUE" in run.notes or "bf16=True" in run.notes
        version = "4.46" if "transformers 4.48" in run.framework else "4.45"
        values: dict[str, Any] = {"optimizer": "adamw_foreach", "loss_version": version}
        if run.method == "full":
            keeps_master = "fp32 master" in run.notes
            values["recipe"] = "bf16_autocast" if keeps_master else "pure_bf16"
        else:
            values["lora_dropout"] = 0.1
            values["adapter_precision"] = "fp32"
            values["recipe"] = "bf16_autocast" if autocast else "pure_bf16"
        if run.method == "qlora":
            values["quantization"] = "nf4_double"
            values["prepare_kbit"] = "baseline-peft-bnb" in run.notes
            if run.base_precision == "int4-gptq":
                values["recipe"] = "fp16_autocast"
                remarks.append(GPTQ)
            if values["prepare_kbit"]:
                # TRL's peft_module_casting_to_bf16 (trainer/utils.py), which has left adapters
                # alone since May 2024.
                values["casts_ends_back"] = True
        if "foak" in run.notes:
            remarks.append(FOAK)
        if run.loss == "yes":
            values["loss"] = "chunked"
        elif "santacoder" in run.model and run.method == "full":
            values.update(loss="fused", loss_version="4.50")
            remarks.append(BF16_LOSS)
        elif run.loss.startswith("no (fused CE"):
            values["loss"] = "fused"
        return values, remarks


class Litgpt(Tool):
    """Lightning-AI/litgpt, finetune/lora.py (QLoRA by --quantize), and the articles on it.

    --precision bf16-true: weights, adapters and optimizer states in bf16, no autocast. Adapters on
    q and v with lora_dropout 0.05, on one map for q, k and v; the loss in pieces, over logits that
    Lightning's Fabric widens to fp32; with bitsandbytes the head is quantised too
    (calculator/estimation/step/litgpt.py). GELU is one kernel. bitsandbytes 0.41.1.
    On several GPUs FSDP wraps each block with its adapters inside (auto_wrap_policy={Block}), and
    gradients accumulate under no_backward_sync up to the global batch of 128: so each GPU keeps
    whole gradients of all blocks, frozen weights' included. The longest sample, whose length the
    rows state, is in the first micro-batch (get_batch), when none has accumulated yet.
    """

    def reason_against(self, run: MeasuredRun) -> str:
        if run.id.startswith("litgptcfg"):
            return "Sequences are padded per micro-batch below the cap; their length is not known."
        if "bf16-mixed" in run.notes:
            return "A frozen base in fp32 under autocast is not one of our settings."
        return ""

    def architecture(self, run: MeasuredRun, architecture: Architecture) -> Architecture:
        # Adapters on the q and v rows of the one map: counted on maps of their own.
        traits = replace(architecture.traits, fused_qkv=False, litgpt=True)
        if traits.activation == "gelu_new":
            traits = replace(traits, activation="gelu")
        return replace(architecture, traits=traits)

    def settings(self, run: MeasuredRun) -> Settings:
        values: dict[str, Any] = {
            "recipe": "pure_bf16",
            "adapter_precision": "bf16",
            "optimizer": "adamw_foreach",
            "lora_dropout": 0.05,
            "keeps_logits": True,
        }
        remarks: list[str] = []
        if run.method == "qlora":
            doubled = "double quantization" in run.notes
            values["quantization"] = "nf4_double" if doubled else "nf4"
            values["prepare_kbit"] = False
            # bitsandbytes' 32-bit paged AdamW: PyTorch counts none of a paged optimizer's states.
            values["optimizer"] = "paged_adamw_8bit"
            values["bitsandbytes_version"] = "0.42"
        return values, remarks


class Fitcheck(Tool):
    """scripts/measure.py of fitcheck-llm 0.2.0: a hand-written loop that keeps the outputs.

    fp16 compute without autocast, NF4, prepare_model_for_kbit_training, fp32 adapters,
    torch.optim.AdamW as it comes (for-each), non-reentrant checkpointing.
    """

    def settings(self, run: MeasuredRun) -> Settings:
        return {
            "recipe": "pure_bf16",
            "adapter_precision": "fp32",
            "optimizer": "adamw_foreach",
            "quantization": "nf4",
            "prepare_kbit": True,
            "keeps_logits": True,
        }, ["Computed in fp16, which is as wide as bf16."]


class MsSwift(Tool):
    """modelscope/ms-swift, docs/source/LLM/Benchmark.md: HF Trainer under bf16 autocast.

    bf16 base, adapters fp32 (peft), lora_dropout 0.05 (its default), adamw_torch (for-each).
    """

    def reason_against(self, run: MeasuredRun) -> str:
        if run.id.startswith(("swiftsh", "swiftliger")):
            return (
                "A rounded figure from a script's header; its sequences are shorter than the cap."
            )
        if run.lora_rank == "unknown":
            return "Rank and targets of the adapters are not known."
        if "packing=True" in run.notes:
            return ""
        return ""

    def settings(self, run: MeasuredRun) -> Settings:
        remarks = []
        values: dict[str, Any] = {
            "recipe": "pure_bf16" if run.method == "full" else "bf16_autocast",
            "optimizer": "adamw_foreach",
            "lora_dropout": 0.05,
        }
        if run.method == "qlora":
            values["prepare_kbit"] = True
            values["quantization"] = "nf4_double"
            if run.base_precision == "int4-gptq":
                remarks.append(GPTQ)
            if run.base_precision == "int8":
                values["quantization"] = "int8"
        if "variable lengths" in run.notes:
            remarks.append("Sequences of varying length fragment the allocator.")
        return values, remarks


class QwenReadme(Tool):
    """QwenLM/Qwen, finetune.py: HF Trainer, bf16, rank 64, dropout 0.05, adamw_torch."""

    def settings(self, run: MeasuredRun) -> Settings:
        remarks = ["The source does not say what its figure counts."]
        values: dict[str, Any] = {
            "recipe": "bf16_autocast",
            "optimizer": "adamw_foreach",
            "lora_dropout": 0.05,
            "gradient_accumulation": 8,
        }
        if run.method == "full":
            # DeepSpeed's bf16 optimizer: bf16 weights, fp32 master and moments (one GPU).
            values.update(recipe="bf16_fp32_master", optimizer="adamw")
            del values["lora_dropout"]
        if run.base_precision == "int4-gptq":
            values.update(quantization="nf4_double", prepare_kbit=False, recipe="fp16_autocast")
            remarks.append(GPTQ)
        return values, remarks


class FsdpQlora(Tool):
    """AnswerDotAI/fsdp_qlora, train.py: rank 64 on all linear maps but o_proj, bf16 throughout."""

    def settings(self, run: MeasuredRun) -> Settings:
        return {
            "recipe": "pure_bf16",
            "adapter_precision": "bf16",
            "optimizer": "adamw_foreach",
            "quantization": "nf4_double",
            "prepare_kbit": False,
            "lora_rank": 64,
            "lora_targets": ("k_proj", "q_proj", "v_proj", "up_proj", "down_proj", "gate_proj"),
        }, ["Rank and targets are train.py's defaults."]


class Torchtune(Tool):
    """pytorch/torchtune and pytorch/ao recipes: bf16 weights and states, chunked loss."""

    def reason_against(self, run: MeasuredRun) -> str:
        if run.lora_rank == "unknown":
            return "Rank and targets of the adapters are not known."
        return ""

    def settings(self, run: MeasuredRun) -> Settings:
        remarks = []
        compiled = "compile" in run.framework or "+compile" in run.notes
        if compiled or "+chunked CE" in run.notes:
            remarks.append("Layers are compiled, which keeps fewer tensors.")
        values: dict[str, Any] = {
            "recipe": "pure_bf16",
            "adapter_precision": "bf16",
            "optimizer": "adamw" if "fused" in run.optimizer else "adamw_foreach",
            "loss": "chunked" if run.loss == "yes" else "standard",
        }
        if "8bit" in run.optimizer:
            values["optimizer"] = "adamw_8bit"
        if "Paged" in run.optimizer:
            values["optimizer"] = "paged_adamw"
        if run.method == "qlora":
            values.update(quantization="nf4_double", prepare_kbit=False)
        return values, remarks


class Axolotl(Tool):
    """axolotl-ai-cloud/axolotl examples: packed sequences, bf16 autocast, cut cross-entropy."""

    def reason_against(self, run: MeasuredRun) -> str:
        if run.lora_targets == "unknown":
            return "The targets of the adapters are not known."
        if "sample_packing=false" in run.notes:
            return "Sequences are not packed; their length is not known."
        return ""

    def settings(self, run: MeasuredRun) -> Settings:
        values: dict[str, Any] = {
            "recipe": "pure_bf16" if run.method == "full" else "bf16_autocast",
            "optimizer": _axolotl_optimizer(run),
            "loss": "standard" if "logits as materialised" in run.notes else "chunked",
            "quantization": "nf4_double",
            "prepare_kbit": True,
        }
        return values, ["The source does not say what its figure counts, and rounds it."]


def _axolotl_optimizer(run: MeasuredRun) -> str:
    if "4bit" in run.optimizer:
        return "adamw_torchao_4bit"
    return "adamw_8bit" if "8bit" in run.optimizer else "adamw"


class Lomo(Tool):
    """LOMO paper (arXiv 2306.09782): mixed precision with an fp32 master copy."""

    def settings(self, run: MeasuredRun) -> Settings:
        optimizer = "sgd" if run.optimizer == "SGD" else "adamw"
        return {"recipe": "bf16_fp32_master", "optimizer": optimizer}, [
            "A sum of components that the paper profiled."
        ]


class PeftDocs(Tool):
    """huggingface/peft docs/source/accelerate: packed sequences, bf16 autocast."""

    def settings(self, run: MeasuredRun) -> Settings:
        values: dict[str, Any] = {"recipe": "bf16_autocast", "optimizer": "adamw_foreach"}
        if run.method == "qlora":
            values.update(quantization="nf4_double", prepare_kbit=True)
        return values, ["A rounded figure from a screenshot."]


@dataclass(frozen=True, slots=True)
class LeftOut(Tool):
    """A source none of whose rows can be compared."""

    reason: str = ""

    def reason_against(self, run: MeasuredRun) -> str:
        return self.reason


TOOLS: tuple[Tool, ...] = (
    FmsAcceleration(("fms",)),
    Litgpt(
        ("litgpt", "raschka"),
        checkpoints_reentrantly=False,
        wraps_adapters=False,
        reduces_each_batch=False,
        starts_with_longest=True,
    ),
    Fitcheck(("fitcheck",)),
    MsSwift(("swift",)),
    QwenReadme(("qwen",), sums_over_gpus=True),
    FsdpQlora(("fsdpqlora",), checkpoints_reentrantly=False),
    Torchtune(("torchtune", "torchao"), checkpoints_reentrantly=False, uses_fsdp2=True),
    Axolotl(("axolotl",)),
    Lomo(("lomo",)),
    PeftDocs(("peftdoc",)),
    LeftOut(
        ("peft-", "peft99"),
        reason="max_seq_length is only a cap: samples have about 210 tokens, their longest is"
        " not known.",
    ),
    LeftOut(
        ("unsloth",),
        reason="max_seq_length is only a cap: the lengths of the samples are not known.",
    ),
    LeftOut(("lfpaper", "badam", "glm"), reason="Loss, targets or optimizer are not known."),
)

"""What a measured run means in our settings, or why it cannot be compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.sharding import STRATEGIES, Offload, Sharding, Strategy
from calculator.estimation.errors import SettingsError
from calculator.estimation.settings import TrainingSettings
from validation.measured.models import architecture_of
from validation.measured.runs import MeasuredRun
from validation.measured.tools import TOOLS, Tool

Figure = Literal["allocated", "reserved", "device", "unstated"]
"""Which of our figures a run is compared with.

"allocated": peak_allocated_bytes. "reserved": the device bytes without the CUDA context. "device":
the device bytes, which nvidia-smi shows. "unstated": the source does not say what it counted; set
beside the device bytes, and kept out of every statistic.
"""

_FIGURES: dict[str, Figure] = {
    "max_memory_allocated": "allocated",
    "max_memory_allocated (torchtune peak active)": "allocated",
    "max_memory_allocated (profiled)": "allocated",
    "max_memory_reserved": "reserved",
    "reserved_p99_of_training_steps": "reserved",
    "nvidia-smi": "device",
    "unclear (nvidia-smi screenshot)": "device",
    "unclear (nvidia-smi-like peak)": "device",
    "unclear": "unstated",
}


@dataclass(frozen=True, slots=True)
class Comparable:
    """A run in our terms.

    The bytes are per GPU. remarks say in words what the settings leave out of how the tool runs.
    """

    run: MeasuredRun
    figure: Figure
    architecture: Architecture
    settings: TrainingSettings
    sharding: Sharding
    low_bytes: int
    high_bytes: int
    remarks: tuple[str, ...]

    @property
    def gpu_count(self) -> int:
        return self.sharding.gpu_count

    @property
    def strategy(self) -> Strategy:
        return self.sharding.strategy

    @property
    def offload(self) -> Offload:
        return self.sharding.offload

    @property
    def measured_bytes(self) -> int:
        return (self.low_bytes + self.high_bytes) // 2

    @property
    def is_best_evidence(self) -> bool:
        """All inputs known, high trust, one GPU: the rows that the accuracy bars are about."""
        return (
            self.run.completeness == "A"
            and self.run.trust == "high"
            and self.gpu_count == 1
            and self.figure != "unstated"
        )


@dataclass(frozen=True, slots=True)
class NotComparable:
    """A run that is left out, and why."""

    run: MeasuredRun
    reason: str


def comparison_of(run: MeasuredRun) -> Comparable | NotComparable:
    """The run in our terms, or the reason why it has none."""
    reason = _reason_against(run)
    if reason:
        return NotComparable(run, reason)
    tool = next(tool for tool in TOOLS if run.id.startswith(tool.prefixes))
    reason = tool.reason_against(run)
    if reason:
        return NotComparable(run, reason)
    architecture = architecture_of(run.model)
    if architecture is None:
        return NotComparable(run, "The architecture of this model is not in the catalog.")
    architecture = tool.architecture(run, architecture)
    values, remarks = tool.settings(run)
    try:
        settings = TrainingSettings(**{**_common(run, tool), **values})
        if architecture.is_moe:
            # All runs of mixtures are of transformers 4, whose experts are linear maps.
            settings = replace(settings, experts="linear")
    except SettingsError as error:
        return NotComparable(run, f"Outside our settings: {error}")
    share = run.gpu_count if tool.sums_over_gpus and run.gpu_count > 1 else 1
    return Comparable(
        run=run,
        figure=_FIGURES[run.measured],
        architecture=architecture,
        settings=settings,
        sharding=_sharding(run, tool),
        low_bytes=run.low_bytes // share,
        high_bytes=run.high_bytes // share,
        remarks=tuple(remarks),
    )


def _reason_against(run: MeasuredRun) -> str:
    """Why no tool's rows of this kind can be compared, or nothing."""
    if "SUSPECT" in run.notes:
        return "The figure is marked as suspect."
    if run.measured not in _FIGURES:
        return "What was measured is not known."
    if run.gpu_count > 1 and _strategy(run) is None:
        return "Layers are spread over the GPUs (device_map), which is not modelled."
    if not run.micro_batch.isdigit():
        return "The micro-batch is not known."
    if not run.sequence_length.isdigit():
        return (
            "The length of the sequences is not known; the source states only a cap, or nothing."
        )
    if not run.checkpointing.startswith(("yes", "no")):
        return "Whether gradient checkpointing was on is not known."
    if run.optimizer == "lora-fa":
        return "This optimizer is not modelled."
    return ""


def _strategy(run: MeasuredRun) -> Strategy | None:
    if run.gpu_count == 1:
        return "none"
    return next((name for name in STRATEGIES if name == run.sharding.split()[0]), None)


def _sharding(run: MeasuredRun, tool: Tool) -> Sharding:
    """How the tool spread the run. The rows' “fsdp” is FSDP 1 but where the tool has moved on."""
    strategy = _strategy(run)
    assert strategy is not None
    if strategy == "fsdp" and not tool.uses_fsdp2:
        strategy = "fsdp1"
    return Sharding(
        strategy,
        run.gpu_count,
        "parameters" if run.offload.startswith("cpu") and run.gpu_count > 1 else "none",
        keeps_layer_inputs=tool.checkpoints_reentrantly and strategy == "fsdp1",
        wraps_adapters=tool.wraps_adapters,
        reduces_each_batch=tool.reduces_each_batch,
        is_first_batch=tool.starts_with_longest and strategy == "fsdp1",
    )


def _common(run: MeasuredRun, tool: Tool) -> dict[str, Any]:
    """What the columns say, and the checkpoints that the tool makes unless they say it."""
    values: dict[str, Any] = {
        "method": run.method,
        "micro_batch": int(run.micro_batch),
        "sequence_length": int(run.sequence_length),
        "gradient_checkpointing": run.checkpointing.startswith("yes"),
        "reentrant_checkpoints": tool.checkpoints_reentrantly
        and "non-reentrant" not in run.checkpointing,
        # FlashAttention 2 and SDPA both keep no scores.
        "attention": "eager" if run.attention == "eager" else "sdpa",
        "optimizer_in_backward": "in backward" in run.optimizer.replace("-", " "),
    }
    if run.offload.startswith("activation"):
        # Unsloth's goes by checkpoints, torchtune's by saved tensors.
        unsloth = "unsloth" in run.checkpointing
        values["activation_offload"] = "checkpoints" if unsloth else "saved_tensors"
    if "modules_to_save" in run.lora_targets:
        values["modules_to_save"] = "embeddings_and_head"
    if run.method != "full":
        if run.lora_rank.isdigit():
            values["lora_rank"] = int(run.lora_rank)
        values["lora_targets"] = _targets(run.lora_targets)
    return values


_SHORT = {
    "q": "q_proj",
    "k": "k_proj",
    "v": "v_proj",
    "o": "o_proj",
    "gate": "gate_proj",
    "up": "up_proj",
    "down": "down_proj",
}


def _targets(text: str) -> str | tuple[str, ...]:
    if text in ("all-linear", "ALL"):
        return "all-linear"
    names = text.split(" + ")[0].split(" (")[0].replace(" ", ",").split(",")
    return tuple(dict.fromkeys(_SHORT.get(name, name) for name in names if name))

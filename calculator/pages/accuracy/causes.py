"""What stays off, and why: the sources whose rows the estimate meets least."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.pages.accuracy.records import AccuracyRow


@dataclass(frozen=True, slots=True)
class Cause:
    """A reason in words, and the rows that it is about: by the start of their ids and model."""

    title: str
    words: str
    prefixes: tuple[str, ...]
    model_part: str = ""
    method: str = ""
    counter: str = ""

    def is_about(self, row: AccuracyRow) -> bool:
        return (
            row.id.startswith(self.prefixes)
            and self.model_part in row.model
            and self.method in ("", row.method)
            and self.counter in ("", row.counter)
        )


CAUSES: tuple[Cause, ...] = (
    Cause(
        "GPT BigCode (SantaCoder) under QLoRA",
        "Its three dropouts are on and its loss is its own. The calculator does not know this"
        " family; a GPT-2 layer with one key and value head stands in for it.",
        ("fms",),
        model_part="santacoder",
        method="qlora",
    ),
    Cause(
        "Fused loss with a copy of the logits",
        "Before version 4.50, transformers copied the shifted logits for the loss, so that these"
        " runs held one 16-bit copy of them more than the nearest setting says.",
        ("fms-081", "fms-083", "fms-105", "fms-107"),
    ),
    Cause(
        "Long eager attention without autocast",
        "The forward pass agrees; the backward pass of this run held about one and a half matrices"
        " of attention scores more than its operations account for. We do not know why.",
        ("fitcheck-007", "fitcheck-008", "fitcheck-009"),
    ),
    Cause(
        "Sequences of varying length",
        "ms-swift’s runs of July 2024 mixed lengths up to the cap. Blocks kept for one length do"
        " not serve another, so that PyTorch reserves far more than one length needs.",
        tuple(f"swift-{number:03}" for number in range(57, 144)),
        counter="reserved",
    ),
    Cause(
        "A card that is nearly full",
        "Where the likely figure is above what the card has, the allocator gives cached blocks"
        " back, and the run stays near the low end: here full fine-tuning of Llama 3 8B and"
        " Mistral 7B on one A100.",
        ("fmssmi",),
        method="full",
    ),
)


def rows_about(cause: Cause, rows: Iterable[AccuracyRow]) -> list[AccuracyRow]:
    return [row for row in rows if cause.is_about(row)]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another estimator's errors on the traced steps that we keep back, as fractions."""

    name: str
    median_fraction: float
    p90_fraction: float
    note: str = ""


# Measured by us, in November 2026, on 41 traced steps that no coefficient was looked up in: 16
# models, three methods, with and without checkpointing, 512 to 16,384 tokens.
PEERS: tuple[Peer, ...] = (
    Peer("fitcheck-llm 0.3.1", 0.050, 0.97, "It knows one recipe for full fine-tuning."),
    Peer("ftuneai 0.4.1", 0.465, 0.79),
    Peer("18, 2.4 and 0.85 bytes per parameter", 0.54, 1.12, "The rule of thumb."),
)

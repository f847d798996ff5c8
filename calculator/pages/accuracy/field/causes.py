"""Why reports are answered wrongly, as far as we know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calculator.pages.accuracy.field.records import FieldReportRow


@dataclass(frozen=True, slots=True)
class FieldCause:
    """A reason in words, and the reports that it is about. It counts those that are wrong."""

    title: str
    words: str
    report_ids: frozenset[str] = frozenset()
    is_about_tight: bool = False

    def is_about(self, row: FieldReportRow) -> bool:
        if self.is_about_tight:
            return row.kind == "out_of_memory" and row.answer == "tight"
        return row.id in self.report_ids


FIELD_CAUSES: tuple[FieldCause, ...] = (
    FieldCause(
        "What the card held before the model",
        "By the post’s own figures 3.4 GiB of each H200 were taken before the model was loaded: the"
        " CUDA context and the communicators of eight GPUs. With the 147.4 GB that the optimizer"
        " step allocates that is 0.3 GB more than the card has. Our low figure has 0.25 GB for"
        " both, as a small card in a pair takes.",
        frozenset({"lf-8642"}),
    ),
    FieldCause(
        "Ran out where we say “tight”",
        "Tight means that the run fits if the allocator finds a use for every block that was"
        " freed. These did not get that far. Most are full fine-tuning under ZeRO or FSDP, or long"
        " samples whose logits need several gigabytes in one piece. Samples of many lengths alone"
        " do not explain it: replayed through PyTorch’s allocator on one GPU, a run whose lengths"
        " vary would hold 2.3 times what it needs, but fits with 3 % more. Several streams, as"
        " ZeRO-3 has them, could not be replayed. A card also has about 1 % less for CUDA than"
        " nvidia-smi shows as its whole. They count as wrong.",
        is_about_tight=True,
    ),
    FieldCause(
        "Unsloth’s longest runs",
        "The checkpoints lie on the host, and little is left that grows with the length. The posts"
        " do not say the batch, or whether an evaluation ran, which may be what ran out.",
        frozenset({"us-2937b", "lf-5709"}),
    ),
    FieldCause(
        "A batch that is assumed",
        "Gemma 3 with Unsloth, whose attention kept whole scores in that month: at the notebook’s"
        " batch of two 14,000 tokens are too many for the card; they fitted, as one would.",
        frozenset({"us-2366a"}),
    ),
    FieldCause(
        "Young families in Axolotl’s examples",
        "GLM-4.7-Flash, Gemma 4 and OLMo 3 under QLoRA: our likely figure is a quarter below what"
        " Axolotl logs. A loss over whole logits would explain all of them, but its cut"
        " cross-entropy covers these families, in evaluation too. By its code it is none of these"
        " either: a cache of keys and values in evaluation (switched off), what loading or k-bit"
        " preparation left in the allocator (given back before training, its peak set to zero at"
        " each log), a gradient of the frozen head. Of Gemma 4 it may be hooks of the offloading"
        " that kept on the card what they should not; the code was changed on the day of the"
        " figure. We do not know.",
        frozenset({"ax-glm47-q", "ax-glm47-qx", "ax-gemma31", "ax-olmo3"}),
    ),
    FieldCause(
        "What lies on the host",
        "QLoRA under FSDP 1 and full fine-tuning under ZeRO-3, both offloaded, held about twice"
        " and two and a half times our figure: up to a billion parameters stay gathered under"
        " ZeRO-3, and the"
        " allocator keeps what they had.",
        frozenset({"ax-1428", "lf-5977b"}),
    ),
    FieldCause(
        "Code of its own",
        "GLM-4 of 2024 brought a modelling file of its own. That of ChatGLM3, which it grew from,"
        " takes within 2.5 % of our figure, traced: so the modelling does not explain half as much"
        " again.",
        frozenset({"lf-4772"}),
    ),
    FieldCause(
        "One step that fitted",
        "The run without checkpointing ran out in its second step, when 3.5 GB of optimizer states"
        " had come. So its first step held above 81 GB, 20 more than ours. fp32 weights would take"
        " as much, but Axolotl’s code of that month made bf16 ones of them.",
        frozenset({"ax-2412"}),
    ),
    FieldCause(
        "A claim",
        "17.5 GB for Qwen3-30B-A3B is what its trainer promises, and less than a user measured.",
        frozenset({"uq-30b"}),
    ),
)
UNEXPLAINED = FieldCause("Not explained", "What is posted does not say why.")


def causes_of(
    rows: Sequence[FieldReportRow],
) -> list[tuple[FieldCause, list[FieldReportRow]]]:
    """Each cause with the wrong reports that it is about; what none is about comes last."""
    left = [row for row in rows if row.outcome == "wrong"]
    found = []
    for cause in FIELD_CAUSES:
        ours = [row for row in left if cause.is_about(row)]
        left = [row for row in left if row not in ours]
        if ours:
            found.append((cause, ours))
    return [*found, (UNEXPLAINED, left)] if left else found

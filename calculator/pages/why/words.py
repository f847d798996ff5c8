"""What /why/ says: whether the figure is the expected one, and what else may be behind it."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.why import Answer, Measured
from calculator.estimation.explaining import FigureKind
from calculator.estimation.verdict import verdict_sentence
from calculator.words.formatting import format_gb, format_range

KIND_WORDS: dict[FigureKind, str] = {
    "allocated": "max_memory_allocated()",
    "reserved": "max_memory_reserved()",
    "device": "nvidia-smi",
}
KIND_MEANINGS: dict[FigureKind, str] = {
    "allocated": "The tensors alone, at the moment of the peak.",
    "reserved": "With the blocks that PyTorch’s allocator keeps and cannot use for the peak.",
    "device": "With the CUDA context too, and with every other process on the card.",
}


@dataclass(frozen=True, slots=True)
class Hint:
    title: str
    words: str


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def compared(figure_bytes: int, measured: Measured) -> str:
    """“0.6 % below yours”, “as yours”; of a card that was too small “1.2 GB more than it has”."""
    if measured.ran_out:
        return f"{format_gb(figure_bytes - measured.bytes)} more than the card has"
    percent = 100 * (figure_bytes - measured.bytes) / measured.bytes
    if abs(percent) < 0.5:
        return "your figure"
    return f"{abs(percent):.0f} % {'above' if percent > 0 else 'below'} yours"


def headline(found: Answer) -> str:
    measured, expected = format_gb(found.measured.bytes), found.expected
    if found.finding == "agrees":
        return f"{measured} is what we expect."
    if found.finding == "ran_out_as_expected":
        return "That card has too little room for this run."
    if found.finding == "ran_out_unexpectedly":
        return "By our estimate that card has room for this run."
    edge = expected.high if found.finding == "above" else expected.low
    gap = abs(found.measured.bytes - edge)
    side = "more" if found.finding == "above" else "less"
    if expected.low == expected.high:
        return f"{measured} is {format_gb(gap)} {side} than we expect."
    return f"{measured} is {format_gb(gap)} {side} than the {'most' if side == 'more' else 'least'} that we expect."


def reading(found: Answer) -> tuple[str, ...]:
    """What the figure is by itself, in sentences."""
    device = found.estimate.device_bytes
    if found.measured.ran_out:
        sentence = verdict_sentence(device, found.measured.bytes)
        if found.finding == "ran_out_unexpectedly":
            sentence += " So something took more than these settings say."
        return (sentence,)
    name = KIND_WORDS[found.measured.kind]
    if found.expected.low == found.expected.high:
        expected = format_gb(found.expected.likely)
    else:
        expected = (
            f"{format_range(found.expected.low, found.expected.high)},"
            f" likely {format_gb(found.expected.likely)}"
        )
    first = f"For these settings {name} should show {expected}."
    if found.finding != "agrees":
        return (first,)
    if found.measured.kind == "allocated":
        return (first, "A difference of a few percent is the estimate’s own error.")
    return (first, "Why it is a range: " + device.reasons[1])


def mistakes(found: Answer) -> tuple[Hint, ...]:
    """How the figure may be another one than was said, and the expected one then."""
    measured = found.measured
    found_hints = []
    if found.other_kind:
        name = KIND_WORDS[found.other_kind]
        found_hints.append(
            Hint(
                f"Is it {name}?",
                f"As that it would be what we expect. {KIND_MEANINGS[found.other_kind]}",
            )
        )
    if found.other_unit_bytes:
        names = ("GB", "GiB") if measured.in_binary_units else ("GiB", "GB")
        found_hints.append(
            Hint(
                f"Was it {names[0]}, not {names[1]}?",
                f"Then it is {format_gb(found.other_unit_bytes)}, which is what we expect. 1 GiB"
                " is 1.074 GB; nvidia-smi and PyTorch’s messages count in MiB and GiB.",
            )
        )
    if found.gpu_count:
        each = format_gb(measured.bytes // found.gpu_count)
        found_hints.append(
            Hint(
                f"Is it the sum over {found.gpu_count} GPUs?",
                f"Then each had {each}, which is what we expect of one.",
            )
        )
    return tuple(found_hints)


def others(found: Answer) -> tuple[Hint, ...]:
    """What beside the settings may be behind the figure; none where it is the expected one."""
    measured, likely = found.measured, found.expected.likely
    if found.finding in ("agrees", "ran_out_as_expected"):
        return ()
    if measured.ran_out:
        room = format_gb(measured.bytes - found.expected.high)
        return (
            Hint(
                "Was the card empty?",
                f"The run leaves {room} of it free at least; another process, a desktop or a"
                " run that never ended may have had that. nvidia-smi lists them.",
            ),
            _when(found),
        )
    if measured.bytes < likely:
        return (
            Hint(
                "Was it read in time?",
                "Optimizer states come with the first step, and a step with short sequences"
                " peaks lower: read the figure after the longest batch.",
            ),
        )
    if measured.kind == "allocated":
        return (_when(found),)
    varied = Hint(
        "Did lengths vary?",
        "Batches of many lengths leave blocks of many sizes, which the allocator keeps."
        " PYTORCH_ALLOC_CONF=expandable_segments:True helps.",
    )
    if measured.kind == "reserved":
        return (varied, _when(found))
    words = "nvidia-smi shows all that is on the card, and lists the processes below."
    if found.beyond_bytes:
        words = (
            f"The {format_gb(found.beyond_bytes)} above our most are about what a desktop, a"
            f" browser or another notebook takes. {words}"
        )
    return (Hint("Is something else on the card?", words), varied, _when(found))


def _when(found: Answer) -> Hint:
    return Hint(
        "When did it peak?",
        "Loading, an evaluation, generating samples and saving a checkpoint take memory too. Our"
        f" figure is a training step’s: {format_gb(found.estimate.peak_allocated_bytes)}"
        " allocated.",
    )

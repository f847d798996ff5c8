"""The sentence above the cards, built from the figures so that it is true for every size."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import get_text_list

from calculator.answer.rule_of_thumb import Fitted, MethodResult, TypicalRun
from calculator.words.formatting import NO_BREAK_SPACE, format_figure, format_likely
from gpus.fitting import Setup

AUDIENCE_WORDS = {
    "consumer": "consumer",
    "workstation": "workstation",
    "datacenter": "data-center",
}

# The rule of thumb and a typical run that are as near to each other say the same.
LARGEST_SAME_FRACTION = 0.05


def training_headline(model: str, results: Sequence[Fitted]) -> str:
    """“For a 7B model, QLoRA fits on a single consumer GPU (about 6 GB, typically 14.3 GB), while …”

    What a typical run takes stands beside the rule of thumb's figure, unless they say the same.
    """
    return _headline(f"For {model}", results)


def precise_headline(model: str, batch: str, results: Sequence[Fitted], cluster: str) -> str:
    """“To fine-tune Llama 3.1 8B on 1 × 2,048 tokens, QLoRA fits on …”

    With a stated cluster the figures are one GPU's: “… on each of 4 GPUs with ZeRO-3, …”.
    """
    start = f"To fine-tune {model} on {batch}"
    if not cluster:
        return _headline(start, results)
    on = f"on each of {cluster}" if not cluster.startswith("one ") else f"on {cluster}"
    figures = [f"{in_a_sentence(r.name)} needs {_cards(r)} ({_about(r)} on each)" for r in results]
    return f"{start} {on}, {get_text_list(figures, 'and')}."


def inference_headline(model: str, results: Sequence[Fitted]) -> str:
    """“To run a 7B model, 4-bit fits on a single consumer GPU (about 5 GB), and so does …”"""
    return _headline(f"To run {model}", results)


def inference_precise_headline(model: str, load: str, results: Sequence[Fitted]) -> str:
    """“To run Llama 3.1 8B with 8,192 tokens, AWQ 4-bit fits on …”"""
    return _headline(f"To run {model} with {load}", results)


def _headline(start: str, results: Sequence[Fitted]) -> str:
    lightest = min(results, key=lambda r: r.memory_bytes)
    heaviest = max(results, key=lambda r: r.memory_bytes)
    first = f"{start}, {in_a_sentence(lightest.name)} {_fate(lightest)}"
    if heaviest is lightest:
        return f"{first}."
    other = in_a_sentence(heaviest.name)
    if _one_gpu_of_a_kind(lightest.minimum) == _one_gpu_of_a_kind(heaviest.minimum) != "":
        return f"{first}, and so does {other} ({_about(heaviest)})."
    return f"{first}, while {other} {_fate(heaviest)}."


def _fate(result: Fitted) -> str:
    kind = _one_gpu_of_a_kind(result.minimum)
    if kind:
        return f"fits on a single {kind} GPU ({_about(result)})"
    if result.minimum is None:
        return f"needs more than any setup here offers ({_about(result)})"
    return f"needs {setup_in_figures(result.minimum)} ({_about(result)})"


def _cards(result: Fitted) -> str:
    return (
        "more than any card here has"
        if result.minimum is None
        else setup_in_figures(result.minimum)
    )


def setup_in_figures(setup: Setup) -> str:
    """“2× 80 GB”, or “24 GB” for one."""
    gigabytes = f"{setup.tier.memory_gb}{NO_BREAK_SPACE}GB"
    if setup.gpu_count == 1:
        return gigabytes
    return f"{setup.gpu_count:,}×{NO_BREAK_SPACE}{gigabytes}"


def _one_gpu_of_a_kind(setup: Setup | None) -> str:
    if setup is None or setup.gpu_count > 1:
        return ""
    return AUDIENCE_WORDS.get(setup.tier.audience, setup.tier.audience)


def _about(result: Fitted) -> str:
    about = f"about{NO_BREAK_SPACE}{format_figure(result.memory_bytes, result.range_bytes)}"
    run = _typical(result)
    if run is None:
        return about
    elsewhere = _elsewhere(result, run)
    if not elsewhere and _says_the_same(result, run):
        return about
    return f"{about}, typically{NO_BREAK_SPACE}{format_likely(run.device)}{elsewhere}"


def figures_in_a_title(results: Sequence[Fitted]) -> str:
    """“LoRA 16.8 GB, QLoRA 6 GB; typically 19.3, 14.3 GB”: a title has room for no more."""
    figures = ", ".join(
        f"{r.name} {format_figure(r.memory_bytes, r.range_bytes)}" for r in results
    )
    runs = [(r.name, run) for r in results if (run := _typical(r))]
    if not runs:
        return figures
    if len(runs) < len(results):
        typical = ", ".join(f"{name} {format_likely(run.device)}" for name, run in runs)
    else:
        unit = f"{NO_BREAK_SPACE}GB"
        typical = ", ".join(format_likely(run.device).removesuffix(unit) for _, run in runs) + unit
    return f"{figures}; typically {typical}"


def _typical(result: Fitted) -> TypicalRun | None:
    return result.typical if isinstance(result, MethodResult) else None


def _says_the_same(result: Fitted, run: TypicalRun) -> bool:
    """A phone has room for a short sentence, and the line below it has all figures."""
    difference = abs(run.device.likely - int(result.memory_bytes))
    return difference <= LARGEST_SAME_FRACTION * run.device.likely


def _elsewhere(result: Fitted, run: TypicalRun) -> str:
    """Where a typical run does not fit on what the sentence says."""
    said = _one_gpu_of_a_kind(result.minimum)
    if not said:
        return ""
    if run.tier is None:
        return " on several GPUs"
    kind = AUDIENCE_WORDS.get(run.tier.audience, run.tier.audience)
    return "" if kind == said else f" on a {kind} GPU"


def in_a_sentence(name: str) -> str:
    """“Full fine-tuning” starts small inside a sentence; “LoRA” and “QLoRA” do not."""
    has_capitals = any(letter.isupper() for letter in name[1:])
    return name if has_capitals else name[:1].lower() + name[1:]

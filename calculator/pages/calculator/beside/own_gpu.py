"""Whether the visitor's own GPU, or several of it, holds each method: `gpu=rtx-4090`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calculator.answer.inference import InferenceResult
from calculator.answer.own_gpu import OnOwnGpu, on_own_gpu
from calculator.answer.precise import PreciseResult
from calculator.answer.rule_of_thumb import MethodResult
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.cluster.sharding import STRATEGY_NAMES
from calculator.estimation.device import DeviceBytes
from calculator.estimation.typical_run import TYPICAL_METHODS, typical_settings
from calculator.estimation.verdict import VERDICT_WORDS, verdict
from calculator.pages.calculator.beside.typical import TYPICAL_RUN
from calculator.question.own_gpu import OwnGpu
from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import format_gb, format_likely, gib_words

NEVER = "never"
# What is said where it is no question of memory.
UNSUPPORTED, IMPOSSIBLE = "does not run on its software", "cannot be shared out so"


@dataclass(frozen=True, slots=True)
class OwnVerdictView:
    """One run on the visitor's cards. slug: “fits”, “tight”, “too_small”, or “never”."""

    method: str
    name: str
    slug: str
    word: str
    detail: str
    """“about 15 GB of 25.8 GB”, with how it is shared out over several."""
    sentence: str = ""
    """What tight means."""


@dataclass(frozen=True, slots=True)
class OwnGpuView:
    """The visitor's cards above the methods' cards, with the verdict on each method."""

    own: OwnGpu
    name: str
    url: str
    gib: str
    """What “24 GB” on the box are in GB of 10⁹ bytes."""
    verdicts: tuple[OwnVerdictView, ...]
    about: str = ""
    """What the verdicts are about, where it is not the run as set."""

    @property
    def tight(self) -> str:
        """What tight means, of the first method that is."""
        return next((each.sentence for each in self.verdicts if each.sentence), "")

    def verdict_on(self, method: str) -> OwnVerdictView | None:
        return next((each for each in self.verdicts if each.method == method), None)


def own_gpu_of_results(
    own: OwnGpu | None, results: Iterable[PreciseResult], query: Mapping[str, str]
) -> OwnGpuView | None:
    """The verdict on each precise answer, by the cards' own usable memory.

    The cards' minimum names a size that all of its example GPUs have; one GPU may have more.
    query: the model and its settings, for the GPU's page.
    """
    if own is None:
        return None
    found = [
        own_verdict(
            result.slug,
            result.name,
            on_own_gpu(result.architecture, result.settings, own, result.cluster),
        )
        for result in results
    ]
    return _view(own, found, query)


def own_gpu_of_typical_runs(
    own: OwnGpu | None, results: Iterable[MethodResult]
) -> OwnGpuView | None:
    """The verdict on a typical run of each method: the rule of thumb by itself would promise more
    than a card holds.
    """
    if own is None:
        return None
    found = [
        own_verdict(
            each.slug,
            each.name,
            on_own_gpu(
                typical_architecture(each.estimate.params_b), typical_settings(each.slug), own
            ),
        )
        for each in results
        if each.slug in TYPICAL_METHODS
    ]
    return _view(own, found, {}, TYPICAL_RUN) if found else None


def own_gpu_by_rule_of_thumb(
    own: OwnGpu | None, results: Iterable[MethodResult]
) -> OwnGpuView | None:
    """Whether the visitor's cards run a model of that size, by the rule of thumb's one figure."""
    if own is None:
        return None
    usable = own.gpu.usable_bytes
    verdicts = []
    for result in results:
        share = int(result.memory_bytes / own.gpu_count)
        found = verdict(DeviceBytes(share, share, share, ()), usable)
        detail = _detail(format_gb(share), usable, own.gpu_count)
        verdicts.append(
            OwnVerdictView(result.slug, result.name, found, VERDICT_WORDS[found], detail)
        )
    return _view(own, verdicts, {}, "by the rule of thumb")


def _view(
    own: OwnGpu,
    verdicts: Sequence[OwnVerdictView],
    query: Mapping[str, str],
    about: str = "",
) -> OwnGpuView:
    count = {"gpu_count": str(own.gpu_count)} if own.gpu_count > 1 else {}
    return OwnGpuView(
        own=own,
        name=own.name,
        url=with_query(path_of("gpus:card", own.gpu.slug), {**query, **count}),
        gib=gib_words(own.gpu.memory_gb, own.gpu.usable_bytes),
        verdicts=tuple(verdicts),
        about=about,
    )


def own_verdict_of_inference(own: OwnGpu, result: InferenceResult) -> OwnVerdictView:
    """Whether the visitor's cards run a model in one format, each with its part of it."""
    usable = own.gpu.usable_bytes
    device = result.estimate.per_gpu(own.gpu_count)
    found = verdict(device, usable)
    detail = _detail(format_likely(device), usable, own.gpu_count)
    return OwnVerdictView(result.slug, result.name, found, VERDICT_WORDS[found], detail)


def own_verdict(method: str, name: str, found: OnOwnGpu) -> OwnVerdictView:
    """A verdict in words: the same on every page."""
    setup, said = found.setup, found.verdict
    if setup is None or said is None:
        word = IMPOSSIBLE if found.is_supported else UNSUPPORTED
        return OwnVerdictView(method, name, NEVER, word, "")
    sharding = setup.sharding
    device = setup.estimate.device_bytes
    detail = _detail(format_likely(device), setup.usable_bytes, sharding.gpu_count)
    how = "" if sharding.strategy == "none" else f"with {STRATEGY_NAMES[sharding.strategy]}, "
    return OwnVerdictView(
        method,
        name,
        said,
        VERDICT_WORDS[said],
        f"{how}{detail}",
        setup.verdict_sentence if said == "tight" else "",
    )


def _detail(figure: str, usable_bytes: int, gpu_count: int) -> str:
    each = " on each" if gpu_count > 1 else ""
    return f"about {figure} of {format_gb(usable_bytes)}{each}"

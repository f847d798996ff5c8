"""What would save memory, as a card lists it, and whether the visitor's own GPU holds it then."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.answer.own_gpu import on_own_gpu
from calculator.answer.precise import PreciseResult
from calculator.estimation import estimate
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.savings import Estimated, Saving, largest_savings
from calculator.estimation.settings import changed_fields
from calculator.pages.calculator.beside.own_gpu import OwnGpuView, OwnVerdictView, own_verdict
from calculator.pages.calculator.links import Links
from calculator.question.training_form import Run
from calculator.words.formatting import format_gb


@dataclass(frozen=True, slots=True)
class SavingView:
    """page_url is where the change is made, or the card of the method that it leads to."""

    words: str
    cost: str
    saved: str
    page_url: str
    fragment_url: str
    own: OwnVerdictView | None = None
    """Whether the visitor's own GPU would hold the run then."""


def present_savings(
    result: PreciseResult,
    run: Run,
    links: Links,
    own: OwnGpuView | None,
    now: OwnVerdictView | None,
) -> tuple[SavingView, ...]:
    """The largest savings; where the visitor's GPU does not simply hold the run, whether it
    would then.
    """
    asks = now is not None and now.slug != "fits"
    return tuple(
        _saving(saving, result, run, links, own if asks else None)
        for saving in largest_savings(
            result.architecture, result.settings, estimated=_estimated(result)
        )
    )


def savings_note(savings: tuple[SavingView, ...], own: OwnVerdictView | None) -> str:
    """What is said where no single change would do on the visitor's GPU."""
    if own is None or own.slug != "too_small" or not savings:
        return ""
    if any(each.own is not None and each.own.slug in ("fits", "tight") for each in savings):
        return ""
    return "None of these alone is enough for your GPU. Take the first, and the next is shown."


def _saving(
    saving: Saving, result: PreciseResult, run: Run, links: Links, own: OwnGpuView | None
) -> SavingView:
    changed = {
        name: getattr(saving.change.settings, name)
        for name in changed_fields(saving.change.settings, result.settings)
    }
    method = changed.pop("method", "")
    page_url, fragment_url = (
        (f"#card-{method}", "") if method else links.urls(links.query_with(run.with_(**changed)))
    )
    return SavingView(
        words=saving.change.words,
        cost=saving.change.cost,
        saved=format_gb(saving.device_bytes),
        page_url=page_url,
        fragment_url=fragment_url,
        own=None if own is None else _own_after(saving, result, own),
    )


def _own_after(saving: Saving, result: PreciseResult, own: OwnGpuView) -> OwnVerdictView:
    settings = saving.change.settings
    cluster = (
        None
        if result.cluster is None
        else estimate_sharded(result.architecture, settings, result.cluster.sharding)
    )
    found = on_own_gpu(result.architecture, settings, own.own, cluster)
    return own_verdict(settings.method, saving.change.words, found)


def _estimated(result: PreciseResult) -> Estimated:
    """What another run takes of a GPU, shared out as this one is."""
    if result.cluster is None:
        return estimate
    sharding = result.cluster.sharding
    return lambda architecture, settings: (
        estimate_sharded(architecture, settings, sharding).per_gpu
    )

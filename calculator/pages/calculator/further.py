"""Where an answer leads: every setup that holds it, curves over length and size, a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calculator.answer.precise import PRECISE_METHODS
from calculator.answer.rule_of_thumb import Fitted
from calculator.estimation.cluster.sharding import Sharding
from calculator.question.cluster import CLUSTER_NAMES, ONE_GPU, cluster_values
from calculator.question.own_gpu import OWN_GPU
from calculator.words.addresses import comparison_of, path_of, with_query

MOST_COMPARED = 3


@dataclass(frozen=True, slots=True)
class MethodLink:
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class FurtherView:
    fits: tuple[MethodLink, ...]
    adds: tuple[MethodLink, ...]
    """A comparison of each method alone, to which a script makes the last one that was seen."""
    curves_url: str
    compare_url: str
    model_url: str
    """The page of the catalog's model that is asked about; empty for others."""
    markdown_url: str
    csv_url: str
    picture_url: str


def present_further(
    query: Mapping[str, str], results: Iterable[Fitted], sharding: Sharding = ONE_GPU
) -> FurtherView | None:
    """The pages that go on from a question about training; None where no method is theirs.

    The setups are asked for as stated; curves and comparison are about one GPU.
    """
    methods = [result for result in results if result.slug in PRECISE_METHODS]
    if not methods:
        return None
    asked, fit_query = query, {**query, **_stated(sharding)}
    own_query = {name: text for name, text in query.items() if name == OWN_GPU}
    query = {name: text for name, text in query.items() if name not in CLUSTER_NAMES}
    runs = [{**query, "method": result.slug} for result in methods]
    return FurtherView(
        fits=tuple(
            MethodLink(
                result.name,
                with_query(path_of("fit:page"), {**fit_query, "method": result.slug}),
            )
            for result in methods
        ),
        adds=tuple(
            MethodLink(result.name, comparison_of(run))
            for result, run in zip(methods, runs, strict=True)
        ),
        curves_url=with_query(path_of("calculator:curves"), query),
        compare_url=comparison_of(*runs[:MOST_COMPARED]),
        model_url=(
            with_query(path_of("calculator:model", query["model"]), own_query)
            if "model" in query
            else ""
        ),
        markdown_url=with_query(path_of("calculator:export_markdown"), asked),
        csv_url=with_query(path_of("calculator:export_csv"), asked),
        picture_url=with_query(path_of("share:training"), asked),
    )


def _stated(sharding: Sharding) -> dict[str, str]:
    """The cluster as /fit/ is asked for it, where what is not stated is left open."""
    if sharding == ONE_GPU:
        return {}
    return cluster_values(sharding)

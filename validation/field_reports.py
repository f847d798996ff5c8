"""`python -m validation.field_reports`: what people reported against what the estimate says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from calculator.estimation.units import GB
from validation.field import Judged, judge, read_field_reports

WORDS = {"fitted": "fitted", "out_of_memory": "ran out"}


def judged_reports() -> tuple[Judged, ...]:
    """Every report with our answer, in the file's order."""
    return tuple(judge(report) for report in read_field_reports())


def share_right(items: Sequence[Judged]) -> float:
    """The share of right answers among the reports that can be stated whole."""
    asked = [item for item in items if item.outcome != "inexpressible"]
    return sum(item.outcome == "right" for item in asked) / len(asked)


def _seen(item: Judged) -> str:
    report = item.report
    if report.measured_bytes is not None:
        return f"{report.measured_bytes / GB:.1f} GB"
    assert report.card_bytes is not None
    return f"{WORDS[report.kind]} on {report.card_bytes / GB:.1f}"


def _ours(item: Judged) -> str:
    if not item.likely_bytes:
        return "-"
    figures = (item.low_bytes, item.likely_bytes, item.high_bytes)
    text = "/".join(f"{each / GB:.1f}" for each in figures)
    error = item.error_fraction
    return f"{text} {error:+.0%}" if error is not None else f"{text} {item.answer}"


def _line(item: Judged) -> str:
    report = item.report
    name = (report.model or report.hf_id)[:26]
    place = f"{report.gpu_count}x {report.strategy}" if report.gpu_count > 1 else ""
    outcome: str = item.outcome
    if item.missing:
        near = "agrees" if item.agrees else "differs"
        outcome += f": {', '.join(item.missing)}" + (f" ({near} without)" if _asked(item) else "")
    return (
        f"{report.id:14} {name:26} {report.method:5} {place:10} {_seen(item):20}"
        f" {_ours(item):36} {outcome}"
    )


def _asked(item: Judged) -> bool:
    return item.likely_bytes > 0


def _print(text: str) -> None:
    print(text)  # noqa: T201


def main() -> None:
    items = judged_reports()
    for item in items:
        _print(_line(item))
    counts = Counter(item.outcome for item in items)
    for kind in ("fitted", "out_of_memory", "measured"):
        of_kind = Counter(item.outcome for item in items if item.report.kind == kind)
        _print(f"{kind:14} " + ", ".join(f"{number} {name}" for name, number in of_kind.items()))
    _print(
        f"{len(items)} reports: {counts['right']} right, {counts['wrong']} wrong,"
        f" {counts['inexpressible']} inexpressible; right {share_right(items):.0%} of those that"
        f" can be stated, {counts['right'] / len(items):.0%} of all"
    )
    tight = [item for item in items if item.outcome == "wrong" and item.answer == "tight"]
    ran_out = sum(item.report.kind == "out_of_memory" for item in tight)
    _print(f"of the wrong ones, {ran_out} ran out where the answer is “tight”")
    contradicted = counts["wrong"] - len(tight)
    _print(f"answers other than “tight” that were wrong, or measured outside: {contradicted}")
    near = [item for item in items if item.missing and _asked(item)]
    _print(
        f"asked without what cannot be stated: {sum(item.agrees for item in near)} of"
        f" {len(near)} agree"
    )
    missing = Counter(name for item in items for name in item.missing)
    _print("cannot be stated: " + ", ".join(f"{name} {n}" for name, n in missing.most_common()))


if __name__ == "__main__":
    main()

"""“a100” is four cards: each of them as a link that asks the same question with that one."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.pages.calculator.links import Links
from calculator.question.reading import Question


@dataclass(frozen=True, slots=True)
class GpuChoice:
    name: str
    page_url: str
    fragment_url: str


def gpu_choices(question: Question, links: Links) -> tuple[GpuChoice, ...]:
    """What the visitor's GPU may be, where its name means several; else nothing."""
    return tuple(
        GpuChoice(own.name, *links.urls({**question.run_query, **own.query}))
        for own in question.own_gpu.choices
    )

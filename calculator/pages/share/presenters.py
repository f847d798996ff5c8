"""What a picture says: the title and the figures of the page that it stands for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from calculator.catalog import Catalog
from calculator.faq.presenters import present_answer
from calculator.pages.calculator.answer_view import AnswerView
from calculator.pages.calculator.cards import CardView
from calculator.pages.calculator.precise_cards import PreciseCardView
from calculator.pages.calculator.presenters import CalculatorView, present_calculator
from calculator.pages.calculator.ruler import Ruler
from calculator.pages.inference.cards import InferenceCardView
from calculator.pages.inference.presenters import present_inference
from calculator.pages.my_gpu.answer_views import ModelAnswerView
from calculator.pages.my_gpu.presenters import present_card
from calculator.pages.share.drawing import Column, Picture, RulerMark

Card = CardView | PreciseCardView | InferenceCardView

NO_SETUP = "no setup of this catalog holds it"
NO_MODEL = "of the catalog fits with a typical run"

PAGES = {
    "models": Picture(
        "Language models and the GPU memory to fine-tune them",
        text="Full fine-tuning, LoRA and QLoRA, from each model's own architecture.",
    ),
    "gpus": Picture(
        "GPUs for fine-tuning",
        text="Memory, bandwidth, TFLOPS, and prices to buy and to rent, each with its source and date.",
    ),
    "faq": Picture(
        "Questions about the memory that fine-tuning takes",
        text="Short answers, every figure computed.",
    ),
    "accuracy": Picture(
        "How accurate is the estimate?",
        text="Held against traced training steps, measured runs and what people reported.",
    ),
    "inference-published": Picture(
        "Published figures of inference",
        text="Files, KV caches and measured totals, each beside the estimate.",
    ),
    "methodology": Picture(
        "How the figures are made",
        text="Every term of the estimate with its formula, its meaning and its source.",
    ),
    "api": Picture(
        "The API",
        text="Ask by JSON how much memory fine-tuning takes, or show the answer on your own page.",
    ),
    "why": Picture(
        "Why is my number different?",
        text="Type what you measured, and see which setting, tool or process explains it.",
    ),
    "import": Picture(
        "What does your training configuration take?",
        text="Paste it: the memory, and what was understood of it, line by line.",
    ),
}


def calculator_picture(catalog: Catalog, query: Mapping[str, str], *, today: dt.date) -> Picture:
    calculator = present_calculator(catalog, query, today=today)
    answer = calculator.answer
    cards = () if answer is None else answer.precise_cards or answer.cards
    return _of_answer(f"GPU memory to fine-tune {_name(calculator)}", answer, cards)


def inference_picture(catalog: Catalog, query: Mapping[str, str], *, today: dt.date) -> Picture:
    calculator = present_inference(catalog, query, today=today)
    answer, precise = calculator.answer, calculator.precise
    cards: Sequence[Card] = () if answer is None else answer.cards
    cards = cards if precise is None else precise.cards
    return _of_answer(f"GPU memory to run {_name(calculator)}", answer, cards)


def _name(calculator: CalculatorView) -> str:
    subject = calculator.question.subject
    return "a language model" if subject is None else subject.name


def faq_picture(catalog: Catalog, slug: str) -> Picture | None:
    """An answer's question with its summary; None where no published answer has this slug."""
    answer = present_answer(catalog, slug)
    if answer is None:
        return None
    return Picture(answer.entry.question, text=answer.entry.summary)


def gpu_picture(catalog: Catalog, slug: str, *, today: dt.date) -> Picture | None:
    """A GPU with the largest model that it fine-tunes by each method."""
    card = present_card(catalog, slug, {}, today=today)
    if card is None:
        return None
    title = f"What the {card.gpu.name} can fine-tune"
    if card.answers is None:
        return Picture(title)
    return Picture(
        title,
        columns=tuple(
            Column(
                each.method_name,
                each.name or "no model",
                _of_model(each),
            )
            for each in card.answers.largest
        ),
    )


def _of_model(answer: ModelAnswerView) -> str:
    if not answer.name:
        return NO_MODEL
    return f"{answer.parameters} parameters{', tight' if answer.verdict == 'Tight' else ''}"


def page_picture(name: str) -> Picture | None:
    """A page without figures of its own."""
    return PAGES.get(name)


def _of_answer(title: str, answer: AnswerView | None, cards: Sequence[Card]) -> Picture:
    if answer is None:
        return Picture(title)
    return Picture(
        title,
        columns=tuple(
            Column(
                card.name, f"{card.figure} {card.unit}", card.minimum or NO_SETUP, _typical(card)
            )
            for card in cards
        ),
        ticks=_ticks(answer.ruler),
        marks=tuple(RulerMark(_number(mark.x), mark.name) for mark in answer.ruler.marks),
    )


def _typical(card: Card) -> str:
    """Beside the rule of thumb's figure, as on its card."""
    run = card.typical if isinstance(card, CardView) else None
    if run is None:
        return ""
    where = f"on {run.card_gb} GB" if run.card_gb else "on several GPUs"
    return f"Typically {run.figure}, {where}"


def _ticks(ruler: Ruler) -> tuple[RulerMark, ...]:
    return tuple(
        RulerMark(_number(tick.x), tick.label) for tick in ruler.ticks if not tick.is_crowded
    )


def _number(percent: str) -> float:
    return float(percent.removesuffix("%"))

"""Figures of one run in answers: they are the core's and the catalog's own."""

import re

import pytest
from django.core.exceptions import ValidationError

from calculator.catalog import current_catalog
from calculator.estimation import estimate
from calculator.estimation.settings import TrainingSettings
from calculator.faq.placeholders import KINDS, figure
from calculator.faq.presenters import NOT_AVAILABLE, present_faq
from calculator.faq.run_figures import UnknownFigure
from calculator.models import FaqEntry
from calculator.words.formatting import format_gb
from tests.calculator.faq.builders import an_entry

pytestmark = pytest.mark.usefixtures("catalog")


def test_the_example_of_each_kind_is_a_figure():
    found = {name: figure(current_catalog(), kind.example) for name, kind in KINDS.items()}

    assert all(found.values())


def test_a_precise_figure_is_the_estimates_own():
    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    one = estimate(architecture, TrainingSettings(method="qlora", sequence_length=4096))
    wide = estimate(
        architecture, TrainingSettings(method="qlora", sequence_length=4096, lora_rank=64)
    )

    run = "llama-3-1-8b:qlora:sequence_length=4096"
    assert _figure(f"{{precise:{run}}}") == format_gb(one.device_bytes.likely)
    assert _figure(f"{{difference:{run}:lora_rank=64}}") == format_gb(
        wide.device_bytes.likely - one.device_bytes.likely
    )


def test_a_figure_has_the_digits_that_its_range_bears():
    """As on the calculator: a range of 4 GB and more leaves whole GB."""
    assert _figure("{precise:llama-3-1-8b:full}") == "145\u00a0GB"
    assert _figure("{typical:full:7}") == "127\u00a0GB"
    assert _figure("{typical:qlora:7}") == "14.3\u00a0GB"


def test_more_gpus_hold_less_each_and_larger_models():
    one = float(_figure("{precise:llama-3-1-8b:full}").split("\u00a0")[0])
    each = float(_figure("{precise:llama-3-1-8b:full:gpu_count=8}").split("\u00a0")[0])

    assert each < one / 4


def test_a_price_says_its_source_and_day():
    price = next(g for g in current_catalog().gpus if g.slug == "rtx-3090").retail_price

    text = _figure("{price:rtx-3090}")

    assert price.source_name in text
    assert str(price.checked_on.year) in text


@pytest.mark.parametrize(
    ("placeholder", "words"),
    [
        ("{precise:lama-3-1-8b:qlora}", "Did you mean “llama-3-1-8b”?"),
        ("{precise:llama-3-1-8b:qlra}", "Use full, lora, qlora."),
        ("{precise:llama-3-1-8b:qlora:rank}", "is not like “sequence_length=4096”"),
        ("{precise:llama-3-1-8b:qlora:lora_rank=0}", "lora_rank must be a whole number"),
        ("{precise:llama-3-1-8b:qlora:gpu_count=0}", "gpu_count"),
        ("{precise:llama-3-1-8b:qlora:strategy=zero9}", "strategy"),
        ("{precise:llama-3-2-11b-vision:qlora}", "the parameters alone are known"),
        ("{difference:llama-3-1-8b:qlora}", "name the setting"),
        ("{difference:llama-3-1-8b:qlora:lora_rank=16}", "makes no difference"),
        ("{component:wights:llama-3-1-8b:qlora}", "Did you mean “weights”?"),
        ("{component:gathered_weights:llama-3-1-8b:qlora}", "nothing of “gathered_weights”"),
        ("{largest:rtx4090:qlora}", "Did you mean “rtx-4090”?"),
        ("{largest:rtx-4060:full:sequence_length=1000000}", "holds no model"),
        ("{longest:rtx-4060:llama-3-1-70b:full}", "does not hold one step"),
        ("{card:llama-3-1-405b:full}", "no single card"),
        ("{time:rtx-4090:llama-3-1-8b:qlora:0}", "as a whole number"),
        ("{hourly:rtx-4060}", "has no hourly price"),
    ],
)
def test_what_stands_for_nothing_is_said_in_words(placeholder, words):
    with pytest.raises(UnknownFigure) as error:
        figure(current_catalog(), placeholder)

    assert words in str(error.value)


def test_an_editor_hears_of_a_mistake_before_it_is_saved():
    entry = an_entry("It takes {precise:lama-3-1-8b:qlora}.", calculator_query="model=llama-9")

    with pytest.raises(ValidationError) as error:
        entry.full_clean()

    assert "llama-3-1-8b" in str(error.value)
    assert set(error.value.error_dict) == {"answer", "calculator_query"}


def test_every_shipped_answer_is_whole_short_and_sourced():
    views = present_faq(current_catalog())
    assert len(views) >= 25

    for view in views:
        assert NOT_AVAILABLE not in view.answer_html
        assert 40 <= len(view.summary) <= 301, view.slug
        text, _, sources = view.answer_html.partition("<p>Sources: ")
        assert sources, view.slug
        # What others say stands with its source, and each source with its date.
        assert "http" not in text, view.slug
        for source in sources.split("; "):
            assert "http" not in source or re.search(r"</a>.*\b20\d\d\b", source), source


def test_few_answers_stand_below_the_calculator():
    assert 5 <= FaqEntry.objects.filter(on_front_page=True).count() <= 6


def _figure(placeholder: str) -> str:
    return figure(current_catalog(), placeholder)

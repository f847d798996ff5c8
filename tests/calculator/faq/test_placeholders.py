"""What each placeholder stands for, and what is said of one that stands for nothing."""

from decimal import Decimal

import pytest

from calculator.faq.placeholders import KINDS, figure
from calculator.faq.run_figures import UnknownFigure
from tests.calculator.faq.builders import PARTS, a_catalog, a_method

# The others are tried in test_run_figures.py: they need models.
OF_THE_RULE_OF_THUMB = ("memory", "minimum", "bytes", "part", "ratio", "tier")


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("{memory:full:7}", "126 GB"),
        ("{memory:lora:7}", "16.8 GB"),
        ("{memory:qlora:7}", "6 GB"),
        ("{memory:full:70}", "1,260 GB"),
        ("{memory:lora:70}", "168 GB"),
        ("{memory:qlora:70}", "59.5 GB"),
        ("{memory:qlora:0.5}", "0.4 GB"),
        ("{typical:qlora:7}", "14.3 GB"),
        ("{typical:lora:7}", "19.3 GB"),
        ("{minimum:full:7}", "2× 80 GB (A100 / H100)"),
        ("{minimum:lora:7}", "24 GB GPU (RTX 4090 / 3090)"),
        ("{minimum:qlora:7}", "8 GB GPU (RTX 4060 / 3070)"),
        ("{minimum:full:70}", "16× 80 GB (A100 / H100)"),
        ("{minimum:qlora:70}", "80 GB (A100 / H100)"),
        ("{bytes:full}", "18"),
        ("{bytes:lora}", "2.4"),
        ("{bytes:qlora}", "0.85"),
        ("{part:full:weights}", "2"),
        ("{part:qlora:weights}", "0.5"),
        ("{part:inference-16bit:kv-cache}", "0.2"),
        ("{ratio:full:inference-16bit}", "8"),
        ("{ratio:full:lora}", "8"),
        ("{tier:24}", "24 GB GPU (RTX 4090 / 3090)"),
        ("{tier:12}", "12 GB GPU"),
    ],
)
def test_a_placeholder_is_a_figure_of_the_catalog(placeholder, text):
    assert figure(a_catalog(), placeholder).replace("\u00a0", " ") == text


def test_memory_never_breaks_between_figure_and_unit():
    assert figure(a_catalog(), "{memory:qlora:7}") == "6\u00a0GB"


def test_a_ratio_is_rounded_half_up():
    methods = (a_method("five", all="5"), a_method("two", all="2"))

    assert figure(a_catalog(training_methods=methods), "{ratio:five:two}") == "3"


def test_figures_follow_the_presets():
    parts = PARTS["lora"] | {"rest": "1"}
    changed = a_catalog(training_methods=(a_method("lora", **parts),))

    assert figure(changed, "{bytes:lora}") == "3"
    assert figure(changed, "{memory:lora:7}") == "21\u00a0GB"


@pytest.mark.parametrize("kind", [KINDS[name] for name in OF_THE_RULE_OF_THUMB])
def test_the_example_of_each_kind_is_a_figure(kind):
    assert figure(a_catalog(), kind.example)


@pytest.mark.parametrize(
    ("placeholder", "message"),
    [
        (
            "{memry:qlora:7}",
            "“{memry:qlora:7}” is no placeholder. Did you mean “memory”? "
            f"Possible are {', '.join(KINDS)}. Write {{{{ for a plain brace.",
        ),
        (
            "{memory:qlora}",
            "“{memory:qlora}” is not complete. "
            "Write {memory:METHOD:SIZE}, for example {memory:qlora:7}.",
        ),
        (
            "{bytes:}",
            "“{bytes:}” is not complete. Write {bytes:METHOD}, for example {bytes:lora}.",
        ),
        (
            "{bytes:qlor}",
            "“{bytes:qlor}”: no published method has the slug “qlor”. Did you mean “qlora”? "
            "Published are full, lora, qlora, inference-16bit.",
        ),
        (
            "{part:full:weight}",
            "“{part:full:weight}”: “full” has no part “weight”. Did you mean “weights”? "
            "It has weights, gradients, optimizer, overhead.",
        ),
        (
            "{tier:25}",
            "“{tier:25}”: no tier has 25 GB. There are 8, 12, 16, 24, 32, 48, 80.",
        ),
        (
            "{memory:qlora:0}",
            "“{memory:qlora:0}”: Enter a size between 0.1 and 2,000 billion parameters.",
        ),
        ("{memory:qlora:7B}", "“{memory:qlora:7B}”: write the size as 7."),
        (
            "{ratio:qlora:full}",
            "“{ratio:qlora:full}”: this rounds to 0. Put the larger one first.",
        ),
    ],
)
def test_what_stands_for_nothing_is_said_in_words(placeholder, message):
    with pytest.raises(UnknownFigure) as error:
        figure(a_catalog(), placeholder)

    assert str(error.value) == message


@pytest.mark.parametrize(
    "placeholder", ["{", "{}", "{ }", "{memory}", "{memory:qlora:7:1}", "{::}"]
)
def test_what_is_malformed_is_refused(placeholder):
    with pytest.raises(UnknownFigure, match="Write "):
        figure(a_catalog(), placeholder)


def test_a_minimum_that_no_gpus_hold_is_no_figure():
    eight = a_catalog().tiers[0]

    with pytest.raises(UnknownFigure, match="no GPUs of the catalog hold this"):
        figure(a_catalog(tiers=(eight,)), "{minimum:full:7}")


def test_a_method_without_parts_has_no_figure():
    empty = a_catalog(training_methods=(*a_catalog().training_methods, a_method("new")))

    for placeholder in ("{memory:new:7}", "{ratio:full:new}", "{bytes:new}"):
        with pytest.raises(UnknownFigure, match="“new” has no parts yet"):
            figure(empty, placeholder)


def test_the_bytes_per_parameter_are_those_of_the_rule_of_thumb():
    totals = {m.slug: m.bytes_per_parameter for m in a_catalog().training_methods}

    assert totals == {"full": Decimal(18), "lora": Decimal("2.4"), "qlora": Decimal("0.85")}

"""The architecture usual for a size: exactly that size, and published shapes at theirs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.typical import ANCHORS, typical_architecture

from .architectures import architecture

sizes_b = st.floats(0.1, 2_000)
METHODS = st.sampled_from(["full", "lora", "qlora"])
SETTINGS = st.sampled_from(
    [
        {},
        {"sequence_length": 16_384},
        {"gradient_checkpointing": False},
        {"recipe": "pure_bf16"},
        {"loss": "chunked", "micro_batch": 8},
    ]
)


@given(size_b=sizes_b)
def test_it_has_exactly_the_size_asked_for(size_b):
    count = count_parameters(typical_architecture(size_b)).total_count

    assert count == pytest.approx(size_b * 1e9, rel=1e-6)


@given(size_b=sizes_b, more=st.floats(1.001, 4), method=METHODS, settings=SETTINGS)
def test_a_larger_size_never_takes_less_memory(size_b, more, method, settings):
    asked = TrainingSettings(method=method, **settings)

    small = estimate(typical_architecture(size_b), asked).peak_allocated_bytes
    large = estimate(typical_architecture(size_b * more), asked).peak_allocated_bytes

    assert large >= small


@given(size_b=sizes_b, more=st.floats(1.001, 4))
def test_a_larger_size_is_no_narrower_and_has_no_fewer_layers(size_b, more):
    small, large = typical_architecture(size_b), typical_architecture(size_b * more)

    for name in ("hidden_size", "layer_count", "intermediate_size", "vocab_size"):
        assert getattr(large, name) >= getattr(small, name)


@pytest.mark.parametrize("anchor", ANCHORS, ids=lambda anchor: anchor.slug)
def test_the_anchors_are_the_catalogs_models(anchor):
    model = architecture(anchor.slug)

    assert anchor.params_b == pytest.approx(count_parameters(model).total_count / 1e9, abs=0.001)
    assert anchor.hidden_size == model.hidden_size
    assert anchor.intermediate_size == model.intermediate_size
    assert anchor.layer_count == (24 if anchor.slug == "tinyllama-1-1b" else model.layer_count)


@pytest.mark.parametrize(("slug", "size_b"), [("llama-3-1-8b", 8.030), ("llama-3-1-70b", 70.554)])
def test_at_a_published_models_size_it_has_that_models_shape(slug, size_b):
    published, typical = architecture(slug), typical_architecture(size_b)

    for name in ("hidden_size", "layer_count", "intermediate_size", "head_count", "kv_head_count"):
        assert getattr(typical, name) == getattr(published, name)
    assert typical.parameter_scale_fraction == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("slug", ["mistral-7b-v0-3", "llama-2-13b", "qwen2-5-32b", "qwen3-4b"])
def test_published_models_of_other_families_take_about_what_a_typical_one_does(slug):
    published = architecture(slug)
    size_b = count_parameters(published).total_count / 1e9
    settings = TrainingSettings(method="lora")

    typical = estimate(typical_architecture(size_b), settings).peak_allocated_bytes

    assert typical == pytest.approx(estimate(published, settings).peak_allocated_bytes, rel=0.15)


@pytest.mark.parametrize("size_b", [0, -1, float("nan")])
def test_no_size_is_an_error(size_b):
    with pytest.raises(ValueError, match="A model has more than"):
        typical_architecture(size_b)

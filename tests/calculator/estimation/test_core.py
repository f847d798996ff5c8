"""The core as a whole: what it needs, and how long it takes."""

from __future__ import annotations

import subprocess
import sys
from itertools import count

import pytest

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.step.decoder_layer import run_layer
from calculator.estimation.step.numerics import numerics_of
from tests.calculator.estimation.architectures import architecture

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "torch", "numpy"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import pkgutil
import calculator.estimation

for module in pkgutil.walk_packages(calculator.estimation.__path__, "calculator.estimation."):
    __import__(module.name)
print(len([name for name in sys.modules if name.startswith("calculator.estimation")]))
"""


def test_every_module_of_the_core_imports_with_django_blocked():
    done = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True)

    assert done.stderr == ""
    assert int(done.stdout) > 20


def test_an_estimate_of_a_known_architecture(benchmark):
    """Under 100 µs: `pytest --benchmark-enable -k known_architecture` says how much."""
    model = architecture("llama-3-1-8b")
    estimate(model, TrainingSettings(method="lora"))
    lengths = count(512)

    def another_length():
        return (model, TrainingSettings(method="lora", sequence_length=next(lengths))), {}

    result = benchmark.pedantic(estimate, setup=another_length, rounds=5000)

    assert result.peak_allocated_bytes > 0


@pytest.mark.parametrize("slug", ["llama-3-1-8b", "qwen3-30b-a3b"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_a_layer_is_the_same_whatever_only_the_ends_of_the_model_depend_on(slug, method):
    """What `Numerics.of_layers` makes plain, so that runs share their layers."""
    model = architecture(slug)
    settings = TrainingSettings(
        method=method,
        loss="chunked",
        loss_version="4.45",
        keeps_logits=True,
        activation_offload="checkpoints",
        padding_free=True,
        modules_to_save="embeddings_and_head",
    )
    numerics = numerics_of(settings)
    kind = model.layer_kinds()[-1]

    stated, plain = (
        run_layer(model, each, *kind, input_width=4, input_needs_gradient=True, masked=True)
        for each in (numerics, numerics.of_layers())
    )

    assert numerics != numerics.of_layers()
    for name in ("forward", "backward"):
        assert [moment.by_kind for moment in getattr(stated, name)] == [
            moment.by_kind for moment in getattr(plain, name)
        ]
    for name in ("kept", "cached", "gradients", "held"):
        assert getattr(stated, name).by_kind == getattr(plain, name).by_kind

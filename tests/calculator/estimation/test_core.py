"""The core as a whole: what it needs, and how long it takes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import count
from time import process_time

import pytest

from calculator.estimation import Architecture, TrainingSettings, estimate
from calculator.estimation.settings import Method
from calculator.estimation.step.numerics import numerics_of
from calculator.estimation.step.timeline import timeline
from tests.calculator.estimation.architectures import all_architectures, architecture

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


# A machine that does other work besides may take some times longer than the bars.
NOISE = 4
KNOWN_SECONDS = 100e-6
FIRST_SECONDS = 20e-3


def moment_count(model: Architecture, method: Method) -> int:
    numerics = numerics_of(TrainingSettings(method=method))
    return len(timeline(model, numerics, masked=False).moments)


def test_an_estimate_of_a_known_architecture(benchmark):
    """Under 100 µs: `pytest --benchmark-enable -k known_architecture` says how much.

    Of the catalog's models the one whose step has most moments that may be its peak.
    """
    models = all_architectures().values()
    model = max(models, key=lambda each: moment_count(each, "lora"))
    estimate(model, TrainingSettings(method="lora"))
    lengths = count(512)

    def another_length():
        return (model, TrainingSettings(method="lora", sequence_length=next(lengths))), {}

    result = benchmark.pedantic(estimate, setup=another_length, rounds=5000)

    assert result.peak_allocated_bytes > 0
    others = [TrainingSettings(method="lora", sequence_length=n) for n in range(10_000, 10_200)]
    start = process_time()
    for settings in others:
        estimate(model, settings)
    assert (process_time() - start) / len(others) < NOISE * KNOWN_SECONDS


@pytest.mark.parametrize("slug", ["gemma-4-e4b", "glm-5-a40b", "qwen3-5-397b-a17b"])
def test_the_first_estimate_of_an_architecture(slug):
    """Of those with most kinds of layers, each time with a vocabulary not asked about before."""
    seconds = []
    for more in range(1, 4):
        model = replace(architecture(slug), vocab_size=architecture(slug).vocab_size + more)
        start = process_time()
        estimate(model, TrainingSettings(method="qlora"))
        seconds.append(process_time() - start)

    assert min(seconds) < NOISE * FIRST_SECONDS

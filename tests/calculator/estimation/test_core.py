"""The core as a whole: what it needs, and how long it takes."""

from __future__ import annotations

import subprocess
import sys
from itertools import count

from calculator.estimation import TrainingSettings, estimate
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

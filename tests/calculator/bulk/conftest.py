from __future__ import annotations

import pytest

from calculator.data.loading import load_catalog
from tests.calculator.small_catalog import write_small_catalog


@pytest.fixture
def small_catalog(db, tmp_path):
    """Two GPUs, two presets, a model and an answer."""
    write_small_catalog(tmp_path)
    load_catalog(tmp_path)

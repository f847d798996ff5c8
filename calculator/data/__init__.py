"""The files of a release: what load_catalog loads, how they are read and merged, and what
build_accuracy makes."""

from pathlib import Path

FOLDER = Path(__file__).parent

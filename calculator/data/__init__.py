"""The files that load_catalog loads, and how they are read and merged."""

from pathlib import Path

FOLDER = Path(__file__).parent

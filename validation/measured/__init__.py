"""Published memory figures of real runs, as settings that the estimator can be asked for.

`measured_runs.csv` holds what others published, `mapping.py` says what each row means here, or
why it cannot be compared. Nothing in this room is fitted: a mapping states how a tool runs, and
where that can be read.
"""

from validation.measured.mapping import Comparable, Figure, NotComparable, comparison_of
from validation.measured.runs import MEASURED_RUNS, MeasuredRun, read_runs

__all__ = [
    "MEASURED_RUNS",
    "Comparable",
    "Figure",
    "MeasuredRun",
    "NotComparable",
    "comparison_of",
    "read_runs",
]

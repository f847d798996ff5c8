"""What people reported of their runs, and whether the estimate agrees.

`field_reports.csv` holds runs that fitted, ran out of memory or were measured, each in the site's
own settings with its source; `verdict.py` asks the estimate and judges. Inputs are the tool's own
defaults where a report leaves them out, never chosen so that a row comes out right.
"""

from validation.field.records import FIELD_REPORTS, FieldReport, read_field_reports
from validation.field.verdict import (
    Judged,
    Outcome,
    architecture_of_report,
    judge,
    model_name,
    settings_of_report,
)

__all__ = [
    "FIELD_REPORTS",
    "FieldReport",
    "Judged",
    "Outcome",
    "architecture_of_report",
    "judge",
    "model_name",
    "read_field_reports",
    "settings_of_report",
]

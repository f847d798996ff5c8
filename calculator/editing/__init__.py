"""What the admin of both apps is built from: forms, publishing, the pages of a row."""

from calculator.editing.forms import MULTILINE_TEXT, RowForm
from calculator.editing.publishing import count, publish, save_each, unpublish
from calculator.editing.row_admin import RowAdmin, RowInline

__all__ = [
    "MULTILINE_TEXT",
    "RowAdmin",
    "RowForm",
    "RowInline",
    "count",
    "publish",
    "save_each",
    "unpublish",
]

from __future__ import annotations


def validate_entry(entry: object) -> None:
    pass

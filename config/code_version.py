"""What changes with every release: instances of two releases never share a finished answer."""

from __future__ import annotations

from functools import cache
from hashlib import blake2b

from django.conf import settings

FOLDERS = ("calculator", "config", "gpus", "templates", "static")
# Compiled files differ from machine to machine, and what is written while it runs is no code.
LEFT_OUT = {".pyc"}


@cache
def code_version() -> str:
    """A digest of all files that an answer is made from, the pinned libraries included."""
    digest = blake2b(digest_size=12)
    files = [
        file
        for folder in FOLDERS
        for file in (settings.BASE_DIR / folder).rglob("*")
        if file.is_file() and file.suffix not in LEFT_OUT
    ]
    for file in (*sorted(files), settings.BASE_DIR / "requirements.txt"):
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()

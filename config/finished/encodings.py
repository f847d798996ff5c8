"""Compressing an answer the way its reader asks for."""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli

# Level 5 takes 2 ms for a page and saves a sixth of gzip's bytes; 11 would take 70 ms.
BROTLI_LEVEL = 5
GZIP_LEVEL = 6

IDENTITY = ""


@lru_cache(maxsize=256)
def preferred_encoding(accept_encoding: str) -> str:
    """`br`, `gzip` or, where the reader takes neither, the bytes as they are (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        name, _, parameters = item.partition(";")
        weights[name.strip()] = _weight(parameters)
    everything = weights.get("*", 0.0)
    for encoding in ("br", "gzip"):
        if weights.get(encoding, everything) > 0:
            return encoding
    return IDENTITY


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def encoded(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return brotli.compress(body, quality=BROTLI_LEVEL)
    if encoding == "gzip":
        # Without a time in its header, the same page is the same bytes everywhere.
        return gzip.compress(body, GZIP_LEVEL, mtime=0)
    return body


def decoded(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return brotli.decompress(body)
    if encoding == "gzip":
        return gzip.decompress(body)
    return body

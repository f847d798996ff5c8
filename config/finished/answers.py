"""A finished answer: its headers, its validator, and its body in the encodings asked for so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags, quote_etag

from config.finished.encodings import IDENTITY, decoded, encoded

# A browser asks again each time, and is told "as before". A cache in between may carry a launch
# day: it hands out what is at most 30 s old, for 25 s more while it fetches anew, and for a day
# while nobody answers. An editor's change is so seen everywhere within a minute.
CACHE_CONTROL = "public, max-age=0, s-maxage=30, stale-while-revalidate=25, stale-if-error=86400"
# An editor sees a change at once.
EDITORS_CACHE_CONTROL = "private, no-cache"

# What is said anew of each encoding.
_ABOUT_THE_BODY = ("Content-Length", "Content-Encoding", "ETag", "Cache-Control", "Vary")
BYTES_BESIDE_THE_BODY = 2_000

COMPRESSED_ALREADY = {"image/png"}


@dataclass(slots=True)
class Answer:
    """What is kept. `bodies` holds one encoding at first, and another when somebody asks.

    Plain bytes stand alone: they are those of a format that is compressed already.
    """

    headers: dict[str, str]
    etag: str
    bodies: dict[str, bytes] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, about: a second encoding is about as large as the first."""
        return BYTES_BESIDE_THE_BODY + 2 * max(map(len, self.bodies.values()))

    def body(self, encoding: str) -> bytes:
        """The body as the reader takes it. Plain bytes, which few ask for, are not kept."""
        if encoding in self.bodies:
            return self.bodies[encoding]
        kept, body = next(iter(self.bodies.items()))
        plain = decoded(body, kept)
        if encoding == IDENTITY:
            return plain
        made = self.bodies[encoding] = encoded(plain, encoding)
        return made

    def etag_in(self, encoding: str) -> str:
        """A strong validator names the bytes, and each encoding has its own."""
        return quote_etag(f"{self.etag}-{encoding or 'plain'}")


def finish(response: HttpResponse, *, is_fragment: bool, encoding: str) -> Answer:
    """Take what is kept of a response."""
    is_compressed = response["Content-Type"] in COMPRESSED_ALREADY
    varies_by = ["HX-Request"] if is_fragment else []
    if not is_compressed:
        varies_by = ["Accept-Encoding", *varies_by]
    headers = {name: value for name, value in response.items() if name not in _ABOUT_THE_BODY}
    if varies_by:
        headers["Vary"] = ", ".join(varies_by)
    digest = blake2b(response.content, digest_size=12).hexdigest()
    kept = IDENTITY if is_compressed else encoding or "gzip"
    return Answer(headers, digest, {kept: encoded(response.content, kept)})


def answer_response(
    answer: Answer, *, encoding: str, if_none_match: str, is_editor: bool
) -> HttpResponse:
    """The answer as a response, or 304 where the reader has these very bytes."""
    if IDENTITY in answer.bodies:
        encoding = IDENTITY
    etag = answer.etag_in(encoding)
    cache_control = EDITORS_CACHE_CONTROL if is_editor else CACHE_CONTROL
    if if_none_match and _matches(if_none_match, etag):
        headers = {"ETag": etag, "Cache-Control": cache_control}
        if "Vary" in answer.headers:
            headers["Vary"] = answer.headers["Vary"]
        return HttpResponseNotModified(headers=headers)
    body = answer.body(encoding)
    response = HttpResponse(
        body, headers={**answer.headers, "ETag": etag, "Cache-Control": cache_control}
    )
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.headers["Content-Length"] = str(len(body))
    return response


def _matches(if_none_match: str, etag: str) -> bool:
    # A proxy that compresses marks the validator as weak; for a GET that is enough.
    return if_none_match == etag or any(
        each == "*" or each.removeprefix("W/") == etag for each in parse_etags(if_none_match)
    )

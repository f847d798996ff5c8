"""Which requests ask the same thing."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from calculator.question.own_gpu import OWN_GPU
from config.kept_gpu import only_keeps_own_gpu, own_gpu_query, view_at

# Addresses are remembered as they were typed; a request line has at most 4,094 bytes.
MOST_REMEMBERED = 2_000


class Address(NamedTuple):
    """A public address: every request with these values gets the same bytes."""

    path: str
    query: str
    is_fragment: bool
    kept_gpu: str = ""
    """The visitor's GPU, where the page has no use for it beside keeping it in its links."""

    @property
    def whole_query(self) -> str:
        kept = urlencode({OWN_GPU: self.kept_gpu}) if self.kept_gpu else ""
        return "&".join(filter(None, (self.query, kept)))

    def of_meant_gpu(self) -> Address:
        """The same for all ways to type one GPU's name; a name that means none asks nothing new."""
        if not self.kept_gpu:
            return self
        return self._replace(kept_gpu=own_gpu_query(self.kept_gpu).get(OWN_GPU, ""))


@lru_cache(maxsize=MOST_REMEMBERED)
def public_address(path: str, query: str) -> Address | None:
    """The canonical address; None where no public view answers.

    Names that the view does not read are left out and the rest is put in order. Values stay as
    they were typed: only the view knows which of them mean the same. The visitor's GPU that a page
    only keeps is no value of its view: see `of_meant_gpu`.
    """
    public = getattr(view_at(path), "public", None)
    if public is None:
        return None
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace") if query else []
    # The last of a repeated name counts, as in the views.
    known = {name: value for name, value in pairs if name in public.names}
    kept_gpu = dict(pairs).get(OWN_GPU, "") if only_keeps_own_gpu(path) else ""
    return Address(path, urlencode(sorted(known.items())), public.is_fragment, kept_gpu)

"""Which GPU is meant by a name as people and providers write it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from gpus.labels import matching_gpus
from gpus.specs import GpuSpec

_SEVERAL = re.compile(
    r"^\s*(\d+)\s*[x×]\s+|\s+[x×]\s*(\d+)\s*$|^\s*(\d+)[x×](?=[A-Z])", re.IGNORECASE
)
_NOISE = re.compile(
    r"\b(nvidia|geforce|amd|radeon|instinct|intel|tesla|tensor core|gpus?|vram|hbm\d?e?|gddr\d\w?|"
    r"cloud|edition)\b",
    re.IGNORECASE,
)
_SOCKET = re.compile(r"\bsxm\d?\b", re.IGNORECASE)
# What tells two cards of one chip and one name apart: the socket, or the box they are made for.
_FORM = re.compile(r"\b(sxm\d?|pcie|nvl|workstation|server|max-q)\b", re.IGNORECASE)
# The driver calls the PCIe and NVL ones by their form, and the SXM5 one by its memory alone.
_H100_SXM = re.compile(r"\bh100\b.*\bhbm3\b", re.IGNORECASE)
_MEMORY = re.compile(r"\(?\b(\d{1,3})\s*g(i)?b\b\)?", re.IGNORECASE)
_SERIES = frozenset({"rtx", "gtx", "rx"})
_PARTS = re.compile(r"[a-z]+|\d+")


class UnknownGpu(ValueError):
    """A name that no GPU of the catalog has, or that several have; in words.

    is_one says that it names a GPU all the same: one of several, or several of one.
    """

    def __init__(self, words: str, *, is_one: bool) -> None:
        super().__init__(words)
        self.is_one = is_one


class GpuNames:
    """The catalog's GPUs by what people call them."""

    def __init__(self, gpus: Iterable[GpuSpec]) -> None:
        self._gpus = tuple(gpus)
        self._exact: dict[str, set[str]] = {}
        for gpu in self._gpus:
            for name in (gpu.slug, gpu.name, gpu.short_name):
                self._exact.setdefault(_plain(name), set()).add(gpu.slug)
        self._by_slug = {gpu.slug: gpu for gpu in self._gpus}
        self._names = {_plain(gpu.name) for gpu in self._gpus}
        self.slug_of = lru_cache(maxsize=4096)(self._slug_of)

    def _slug_of(self, typed: str) -> str:
        """The slug of the GPU that is meant.

        Raises:
            UnknownGpu: no GPU is, or more than one, or several of one at once.
        """
        if typed in self._by_slug:
            return typed
        if several := _SEVERAL.search(typed):
            count = next(filter(None, several.groups()))
            if int(count) > 1:
                raise UnknownGpu(f"“{typed}” is {count} GPUs: give the price of one.", is_one=True)
            typed = _SEVERAL.sub("", typed)
        memory = _MEMORY.search(typed)
        gb = int(memory[1]) if memory else None
        name = _MEMORY.sub(" ", typed) if memory else typed
        if gb == 80 and _H100_SXM.search(name) and not _FORM.search(name):
            name += " SXM"
        found = self._named(name, gb)
        if not _FORM.search(name) and _plain(typed) not in self._names:
            found = self._in_all_forms(found, gb)
        if len(found) == 1:
            return found[0].slug
        if not found:
            raise UnknownGpu(
                f"“{typed}” is no GPU of the catalog: correct the name, or leave the row out.",
                is_one=False,
            )
        names = ", ".join(gpu.name for gpu in found[:5])
        raise UnknownGpu(f"“{typed}” may be any of {names}: write one of them.", is_one=True)

    def _named(self, name: str, gb: int | None) -> list[GpuSpec]:
        exact = [self._by_slug[slug] for slug in self._exact.get(_plain(name), ())]
        exact = [gpu for gpu in exact if gb is None or gpu.memory_gb == gb] or (
            [self._by_slug[slug] for slug in self._exact.get(_plain(f"{name} {gb}gb"), ())]
            if gb is not None
            else []
        )
        if len(exact) == 1:
            return exact
        bare = " ".join(_SOCKET.sub("sxm", _NOISE.sub(" ", name)).split())
        matches = [
            gpu
            for gpu in (exact or matching_gpus(self._gpus, bare))
            if gb is None or gpu.memory_gb == gb
        ]
        wanted = set(_PARTS.findall(bare.casefold()))
        # “H100” is not “H1000”, and “RTX 4070” is no “Ti”: what is named whole goes first.
        whole = [gpu for gpu in matches if _short_parts(gpu) - _SERIES == wanted - _SERIES]
        if len(whole) == 1 and not exact:
            return whole
        return [gpu for gpu in matches if wanted <= _all_parts(gpu)]

    def _in_all_forms(self, found: Iterable[GpuSpec], gb: int | None) -> list[GpuSpec]:
        """Those found, and their likes of another form: “H100” may be the PCIe one as well."""
        meant = {_formless(gpu) for gpu in found}
        return [
            gpu
            for gpu in self._gpus
            if _formless(gpu) in meant and (gb is None or gpu.memory_gb == gb)
        ]


def _formless(gpu: GpuSpec) -> str:
    return _plain(_FORM.sub(" ", gpu.short_name))


def _plain(name: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", _NOISE.sub(" ", name).casefold()))


def _short_parts(gpu: GpuSpec) -> set[str]:
    return set(_PARTS.findall(_NOISE.sub(" ", gpu.short_name).casefold()))


def _all_parts(gpu: GpuSpec) -> set[str]:
    names = f"{gpu.name} {gpu.short_name} {gpu.slug} {gpu.vendor}".casefold()
    return {*_PARTS.findall(_SOCKET.sub("sxm", names)), *_PARTS.findall(names)}

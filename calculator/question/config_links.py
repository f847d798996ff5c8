"""A config.json as visitors give it, and as it stands in a link: only what the estimate needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, QueryDict

from calculator.estimation import Architecture, ConfigError
from calculator.estimation.architectures.config_json import architecture_from_config, config_notes
from calculator.question.json_text import LARGEST_BYTES, decode_text

Config = dict[str, Any]
TOO_LONG = "x" * (LARGEST_BYTES + 1)


def read_config_text(request: HttpRequest) -> str:
    """The text of the chosen file, or else what was pasted.

    One character more than may be read tells the reader of the text that it is too long, also
    where Django refuses to read so much.
    """
    try:
        upload = request.FILES.get("config_file")
    except RequestDataTooBig:
        # Of a form without files Django would refuse every further look.
        request.POST = QueryDict()
        return TOO_LONG
    if upload is None:
        return str(request.POST.get("config", "")).strip()
    data: bytes = upload.read(LARGEST_BYTES + 1)
    return TOO_LONG if len(data) > LARGEST_BYTES else decode_text(data).strip()


def config_for_link(config: Mapping[str, Any], architecture: Architecture) -> str:
    """The shortest JSON that describes the same architecture, with the same notes on it.

    Keys are left out one after the other as long as the parser reads the same from the rest, so
    that nothing here has to know which keys it looks at.
    """

    notes = config_notes(config)

    def reads_the_same(candidate: Config) -> bool:
        try:
            return (
                config_notes(candidate) == notes
                and architecture_from_config(candidate) == architecture
            )
        except ConfigError:
            return False

    smallest = _without_needless(dict(config), reads_the_same)
    for key, value in list(smallest.items()):
        if isinstance(value, dict):

            def inner_reads_the_same(inner: Config, key: str = key) -> bool:
                return reads_the_same({**smallest, key: inner})

            smallest[key] = _without_needless(value, inner_reads_the_same)
    return json.dumps(smallest, separators=(",", ":"), ensure_ascii=False)


def _without_needless(config: Config, still_good: Callable[[Config], bool]) -> Config:
    """The config less every key, or group of keys, that can go."""
    return _drop(config, list(config), still_good)


def _drop(config: Config, keys: list[str], still_good: Callable[[Config], bool]) -> Config:
    rest = {key: value for key, value in config.items() if key not in keys}
    if keys and still_good(rest):
        return rest
    if len(keys) <= 1:
        return config
    half = len(keys) // 2
    config = _drop(config, keys[:half], still_good)
    return _drop(config, keys[half:], still_good)

"""What a form knows of one training setting, and of a group of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "number", "switch", "choice", "targets"]

ALL_METHODS = ("full", "lora", "qlora")
ADAPTER_METHODS = ("lora", "qlora")
QUANTIZED_METHODS = ("qlora",)
ON_OFF = (("true", "On"), ("false", "Off"))


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting. `name` is the API's, `methods` those whose figures it can change."""

    name: str
    label: str
    kind: Kind
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ALL_METHODS


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """Fields under one title. needs_experts: they change no figure but a mixture of experts'."""

    slug: str
    title: str
    fields: tuple[SettingField, ...]
    needs_experts: bool = False

"""What a configuration comes to, as it is read: settings, a cluster, and a verdict on each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from calculator.carrying.imports.documents import Given, Opaque
from calculator.estimation import SettingsError, settings_from_mapping
from calculator.estimation.settings import ALL_LINEAR, is_module_name
from calculator.estimation.spellings import understood
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import as_text
from calculator.words.formatting import shortened

# understood: it is in the figures. not_followed: it may change memory, and the figures do not
# follow it. no_bearing: memory does not depend on it. unknown: nobody here knows what it does.
Verdict = Literal["understood", "not_followed", "no_bearing", "unknown"]
Handler = Callable[["Reading", Given], None]
_SWITCH_WORDS = {"true": True, "false": False, "yes": True, "no": False, "none": None}
_EMBEDDINGS_AND_HEADS = frozenset({"embed_tokens", "lm_head", "wte", "embed_out", "output"})

# What is not estimated yet, in words that stand above the lines.
PREFERENCE = (
    "Preference training is not estimated yet: what a second model, or pairs of answers, take comes"
    " on top. The figures are those of supervised fine-tuning with these settings."
)
MULTIMODAL = "Images and sound are not estimated yet; the figures are those of text alone."


@dataclass(frozen=True, slots=True)
class Line:
    """One value of the configuration and what became of it, in words."""

    number: int
    name: str
    value: str
    verdict: Verdict
    words: str


@dataclass(slots=True)
class Reading:
    """Filled value by value; `flags` holds what only means something together."""

    tool: str
    trainer: str
    values: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, Any] = field(default_factory=dict)
    cluster: dict[str, Any] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    model: str = ""

    def say(self, given: Given, verdict: Verdict, words: str) -> None:
        value = shortened(_printed(given.value), 80)
        self.lines.append(Line(given.line, given.name, value, verdict, words))

    def take(self, given: Given, setting: str, value: Any) -> None:
        """A setting of ours; a value that is none of its choices is said, and left out."""
        if value is None:
            self.say(given, "understood", "Left at its default.")
            return
        if isinstance(value, Opaque):
            self.say(given, "not_followed", f"{_label(setting)}: only a run would tell its value.")
            return
        try:
            values = understood({setting: value})
            # Set by the file's own way of saying it, the method and trainer do not matter.
            read = settings_from_mapping(values, trainer_defaults=False)
        except SettingsError as error:
            words = f"{_label(setting)}: {error.errors[0].message} It keeps its default here."
            self.say(given, "not_followed", words)
            return
        for name in values:
            self.values[name] = getattr(read, name)
        words = ", ".join(
            f"{_label(name)}: {value_words(name, self.values[name])}" for name in values
        )
        self.say(given, "understood", f"{words}.")

    def remark(self, words: str) -> None:
        if words not in self.remarks:
            self.remarks.append(words)


def value_words(setting: str, value: Any) -> str:
    """A setting's value as its form names it: “FlashAttention 2 or 3”, “q_proj, v_proj”."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    text = as_text(value)
    if setting in FIELDS:
        return dict(FIELDS[setting].choices).get(text, text.replace(",", ", "))
    return text


def _label(setting: str) -> str:
    return FIELDS[setting].label if setting in FIELDS else setting.capitalize()


def _printed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_printed, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else " ".join(str(value).split())


def as_switch(value: Any) -> Any:
    """What stands for true and false on command lines and in templates of Hugging Face."""
    if isinstance(value, str):
        return _SWITCH_WORDS.get(value.strip().casefold(), value)
    return value


def setting(name: str) -> Handler:
    """A handler of a key that is one of our settings, under the trainer's spelling."""
    kind = FIELDS[name].kind

    def handle(reading: Reading, given: Given) -> None:
        value = given.value
        if kind == "switch" or name == "activation_offload":
            value = as_switch(value)
        if kind == "count" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if kind == "number" and isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = Opaque(value)
        reading.take(given, name, value)

    return handle


def switched(name: str, on: Any, off: Any = None) -> Handler:
    """A handler of a switch that means another setting's value."""

    def handle(reading: Reading, given: Given) -> None:
        value = as_switch(given.value)
        if isinstance(value, bool):
            value = on if value else off
        elif value is not None:
            value = Opaque(str(value))
        reading.take(given, name, value)

    return handle


def flag(words: str) -> Handler:
    """A handler that remembers a value which means something together with others."""

    def handle(reading: Reading, given: Given) -> None:
        reading.flags[given.path[-1]] = as_switch(given.value)
        reading.say(given, "understood", words)

    return handle


def no_bearing(words: str = "Memory does not depend on it.") -> Handler:
    return lambda reading, given: reading.say(given, "no_bearing", words)


def not_followed(words: str) -> Handler:
    """A handler of what may change memory and is not modelled; nothing where it is off."""

    def handle(reading: Reading, given: Given) -> None:
        if as_switch(given.value) in (None, False, 0, ""):
            reading.say(given, "understood", "Not used.")
        else:
            reading.say(given, "not_followed", words)

    return handle


def targets(reading: Reading, given: Given) -> None:
    """LoRA's target modules: names, a list of them, or a word for all linear maps."""
    value = given.value
    if isinstance(value, str) and value.strip().casefold() in ("all", "all-linear", "all_linear"):
        reading.take(given, "lora_targets", ALL_LINEAR)
        return
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list):
        reading.take(given, "lora_targets", value)
        return
    # A path, model.layers.0.self_attn.q_proj, is one of many maps of that name.
    found = dict.fromkeys(str(name).strip().rpartition(".")[2] for name in names)
    known = [name for name in found if is_module_name(name) and name not in _EMBEDDINGS_AND_HEADS]
    if not known or (isinstance(value, str) and any(mark in value for mark in "*()[]|^$")):
        reading.values["lora_targets"] = ALL_LINEAR
        words = "A pattern; all linear maps are taken here."
        reading.say(given, "not_followed", words)
        return
    reading.take(given, "lora_targets", tuple(known))
    if len(known) < len(found):
        left = ", ".join(name for name in found if name not in known)
        reading.remark(f"Adapters on {left} are not modelled.")


def model_name(reading: Reading, given: Given) -> None:
    if isinstance(given.value, str) and given.value.strip():
        reading.model = given.value.strip()
        reading.say(given, "understood", "The model.")
    else:
        reading.say(given, "not_followed", "The model is not named in words.")


def read_all(
    reading: Reading,
    givens: Iterable[Given],
    table: Mapping[str, Handler],
    *,
    harmless: Callable[[str], bool],
    known: frozenset[str],
) -> None:
    """Each value to its handler: by its whole path, its last name, or the block that it is in."""
    for given in givens:
        path = given.path
        names = [given.name, path[-1]]
        if not harmless(path[-1]):
            names += [f"{part}.*" for part in path[:-1]]
        handler = next((table[name] for name in names if name in table), None)
        if handler is not None:
            handler(reading, given)
        elif any(map(harmless, path)):
            reading.say(given, "no_bearing", "Memory does not depend on it.")
        elif path[-1] in known:
            reading.say(given, "unknown", f"{reading.tool} knows it; this page does not.")
        else:
            reading.say(given, "unknown", f"No field of {reading.tool} that is known here.")

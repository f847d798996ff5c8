"""Names of models as people have them in scripts, taken apart: ids, addresses, files, typos.

A name is read as words and numbers. Some say what the model is (its family, version and size),
some only which copy of it: who published it, how it was tuned or quantised, when.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from urllib.parse import unquote

LONGEST_NAME = 400

# Which copy, not which model. Each is optional on both sides: `Phi-4-reasoning` is a model.
COPY_WORDS = frozenset(
    [
        "instruct",
        "instruction",
        "it",
        "chat",
        "base",
        "pt",
        "hf",
        "text",
        "sft",
        "dpo",
        "rlhf",
        "grpo",
        "kto",
        "orpo",
        "lora",
        "qlora",
        "merged",
        "merge",
        "finetune",
        "finetuned",
        "fine",
        "tune",
        "tuned",
        "tuning",
        "full",
        "adapter",
        "thinking",
        "reasoning",
        "think",
        "vision",
        "preview",
        "latest",
        "original",
        "official",
        "main",
        "master",
        "release",
        "final",
        "checkpoint",
        "ckpt",
        "step",
        "model",
        "models",
        "the",
        "of",
        "a",
        "mirror",
        "copy",
        "clone",
        "new",
        "uncensored",
        "abliterated",
        "sharded",
        "safetensors",
        "gguf",
        "ggml",
        "gptq",
        "awq",
        "aqlm",
        "exl",
        "exl2",
        "mlx",
        "bnb",
        "quantized",
        "quantised",
        "quants",
        "dequantized",
        "dynamic",
        "linearized",
        "unsloth",
        "ud",
        "qat",
        "quant",
        "fp",
        "bf",
        "nf",
        "mx",
        "mxfp",
        "nvfp",
        "int",
        "bit",
        "w",
        "bpw",
        "experts",
        "e",
        "hub",
        "cache",
        "snapshots",
    ]
)
# 4bit, bnb-nf4, Q4_K_M, IQ4_XS, FP8, W4A16, 4.0bpw, 2Bit-1x16
_QUANTISATION = re.compile(
    r"\b(?:i?q\d(?:_[a-z0-9]+)*|w\d+a\d+|\d+(?:\.\d+)?[-_ ]?(?:bits?|bpw)|\d+x\d+(?!\d*[b.])"
    r"|(?:nf|mxfp|nvfp|fp|bf|int|uint)\d+|f16|f32|\d+k|\d+m(?=ctx))\b"
)
_DATE = re.compile(r"\b(?:\d{2}-20\d{2}|\d{4}|\d{6}|\d{8})\b")
_TOKEN = re.compile(
    r"\d+(?:\.\d+)?x\d+(?:\.\d+)?b(?![a-z])"  # 8x7b
    r"|(?<![a-z])[ae]\d+(?:\.\d+)?b(?![a-z])"  # a3b active, e4b effective
    r"|\d+(?:\.\d+)?[bmt](?![a-z])"  # 7b, 135m, 1t
    r"|(?<![a-z])v\d+(?:\.\d+)?(?!\d)"  # v0.3
    r"|\d+(?:\.\d+)?e(?![a-z])"  # 16e experts
    r"|\d+(?:\.\d+)?|[a-z]+"
)
_SIZE = re.compile(r"\d+(?:\.\d+)?(?:x\d+(?:\.\d+)?)?[bmt]|[ae]\d+(?:\.\d+)?b")
_ENDINGS = re.compile(r"\.(?:gguf|ggml|safetensors|bin|pt|pth|json|nemo)$")

# Another kind of model, though its name holds that of a language model.
KIND_WORDS = frozenset(
    [
        "vl",
        "vision",
        "omni",
        "audio",
        "asr",
        "tts",
        "speech",
        "image",
        "video",
        "embedding",
        "embed",
        "reranker",
        "reward",
        "guard",
        "mamba",
        "draft",
        "eagle",
    ]
)

# What a difference costs. Sizes have to agree; see `distance`.
WRONG_SIZE = 2.5
WRONG_FAMILY = 4.0
WRONG_KIND = 2.5
WRONG_NUMBER = 1.5
WRONG_WORD = 1.0
TYPO = 0.4
MISSING_NUMBER = 0.7
MISSING_WORD = 0.55
MISSING_SIZE = 0.3
COPY = 0.02


@dataclass(frozen=True, slots=True)
class NameParts:
    """The words and numbers of one name, those of the copy apart."""

    tokens: tuple[str, ...]
    copy_tokens: tuple[str, ...] = ()

    @property
    def sizes(self) -> frozenset[str]:
        return frozenset(filter(_SIZE.fullmatch, self.tokens))


def readings_of(typed: str) -> tuple[NameParts, ...]:
    """What was typed, taken apart as it is and, if it may be a slug, with points in its numbers."""
    pointed = re.sub(r"(?<=\d)-(?=\d(?![\d.bm]))|(?<=\b0)-(?=\d+b)", ".", typed.casefold())
    return tuple(dict.fromkeys((parts_of(typed), parts_of(pointed))))


def states_size(typed: str) -> bool:
    return any(reading.sizes for reading in readings_of(typed))


@lru_cache(maxsize=4096)
def parts_of(name: str) -> NameParts:
    """“unsloth/Meta-Llama-3.1-8B-Instruct-bnb-4bit” → meta, llama, 3.1, 8b; instruct, bnb."""
    text = _without_place(name).casefold()
    text = _ENDINGS.sub("", text)
    # stablelm-2-1_6b and phi-3.5 alike; other underscores part words.
    text = re.sub(r"(?<=\d)_(?=\d+b\b)", ".", text).replace("__", "/").rpartition("/")[2]
    copies: list[str] = []

    def aside(match: re.Match[str]) -> str:
        copies.append(match[0])
        return " "

    text = _QUANTISATION.sub(aside, text)
    text = _DATE.sub(aside, text).replace("_", " ")
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        (copies if token in COPY_WORDS else tokens).append(token)
    return NameParts(tuple(tokens), tuple(copies))


def _without_place(name: str) -> str:
    """The last part of an id, a path or a page's address."""
    text = unquote(name.strip()[:LONGEST_NAME]).replace("\\", "/")
    text = re.sub(r"^[a-z]+://", "", text).partition("?")[0].partition("#")[0]
    host, _, path = text.partition("/")
    if re.fullmatch(r"(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com|modelscope\.cn)", host):
        owner_and_name = path.removeprefix("models/").split("/")[:2]
        text = owner_and_name[-1]
        # hf.co/owner/name:Q4_K_M
        return text.partition(":")[0]
    return text.rstrip("/").rpartition("/")[2].replace(":", " ")


def distance_of(readings: tuple[NameParts, ...], names: tuple[str, ...]) -> float:
    """How far what was typed is from a model with these names: that of the nearest."""
    known = [parts_of(name) for name in names]
    sizes = frozenset[str]().union(*(each.sizes for each in known))
    return min(distance(typed, each, sizes) for typed in readings for each in known)


def distance(typed: NameParts, known: NameParts, sizes: frozenset[str]) -> float:
    """How far what was typed is from one name: 0 for the same words and numbers.

    sizes are those that any name of the model states, for names that state none.
    """
    copies = COPY * len(set(typed.copy_tokens) ^ set(known.copy_tokens))
    if _holds_whole(typed, known):
        # Hermes-3-Llama-3.1-8B: what stands around the whole name says who tuned it.
        around = [token for token in typed.tokens if token not in known.tokens]
        kinds = WRONG_KIND * len(KIND_WORDS.intersection(around))
        return copies + kinds + 2 * COPY * (len(typed.tokens) - len(known.tokens))
    left = list(known.tokens)
    unmatched = []
    for token in typed.tokens:
        if token in left:
            left.remove(token)
        else:
            unmatched.append(token)
    cost = copies + sum(_match(token, left, known, sizes) for token in unmatched)
    if all(token in left for token in known.tokens if token.isalpha()):
        cost += WRONG_FAMILY
    return cost + sum(map(_missing, left))


def _holds_whole(typed: NameParts, known: NameParts) -> bool:
    """Whether the name, its size included, stands in what was typed as it is."""
    count = len(known.tokens)
    return bool(known.sizes) and any(
        typed.tokens[start : start + count] == known.tokens
        for start in range(len(typed.tokens) - count + 1)
    )


def _match(token: str, left: list[str], known: NameParts, sizes: frozenset[str]) -> float:
    """The cost of a typed token that the name does not have as it is."""
    if _SIZE.fullmatch(token):
        if token in sizes:
            return 0.0
        return WRONG_SIZE if sizes else WRONG_NUMBER
    if not token.isalpha():
        return WRONG_NUMBER if not token.endswith("e") else COPY
    if token in known.copy_tokens or token in known.tokens:
        return COPY
    words = [word for word in left if word.isalpha()]
    near = max(words, key=lambda word: _likeness(token, word), default="")
    if near and _likeness(token, near) >= 0.75:
        left.remove(near)
        return TYPO
    return WRONG_KIND if token in KIND_WORDS else WRONG_WORD


@lru_cache(maxsize=65_536)
def _likeness(one: str, other: str) -> float:
    """From 0 to 1; below three letters anything is like anything."""
    if min(len(one), len(other)) < 3:
        return 0.0
    return SequenceMatcher(None, one, other).ratio()


def _missing(token: str) -> float:
    if _SIZE.fullmatch(token):
        return MISSING_SIZE
    return MISSING_WORD if token.isalpha() else MISSING_NUMBER

"""What a layer keeps, as a formula: read off the estimate by changing one size at a time.

The estimate counts operation by operation; for a model of Llama's kind the sum is linear in the
sizes, so that differences give the coefficients exactly. Nothing here is typed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.architecture import Architecture
from calculator.pages.methodology.example import LLAMA_3_1_8B

Change = Callable[[Architecture], Architecture]


@dataclass(frozen=True, slots=True)
class _Size:
    """A symbol, its value in the example, and a change that adds as much of it once more."""

    symbol: str
    value: int
    doubled: Change


_MODEL = LLAMA_3_1_8B
_SIZES: tuple[_Size, ...] = (
    _Size("h", _MODEL.hidden_size, lambda m: replace(m, hidden_size=2 * m.hidden_size)),
    _Size("k", _MODEL.kv_size, lambda m: replace(m, kv_head_count=2 * m.kv_head_count)),
    _Size(
        "f",
        _MODEL.intermediate_size,
        lambda m: replace(m, intermediate_size=2 * m.intermediate_size),
    ),
    # More heads, each as much narrower: only their number changes.
    _Size(
        "a",
        _MODEL.head_count,
        lambda m: replace(
            m,
            head_count=2 * m.head_count,
            kv_head_count=2 * m.kv_head_count,
            head_dim=m.head_dim // 2,
        ),
    ),
)


@lru_cache(maxsize=16)
def kept_per_token_and_layer(settings: TrainingSettings) -> str:
    """Bytes that one layer keeps for one token, such as “16h + 4q + 4k + 8f + 4a + 8”.

    h hidden size, q and k widths of all query and of all key heads, f width of the MLP, a heads,
    r rank. The first layer of a frozen base keeps a little less; coefficients are rounded.
    """
    whole = _kept(_MODEL, settings)
    terms = {
        size.symbol: (_kept(size.doubled(_MODEL), settings) - whole) / size.value
        for size in _SIZES
    }
    more_heads = replace(_MODEL, head_count=2 * _MODEL.head_count)
    q_and_a = _kept(more_heads, settings) - whole
    terms["q"] = (q_and_a - terms["a"] * _MODEL.head_count) / _MODEL.q_size
    if settings.trains_adapters:
        doubled = replace(settings, lora_rank=2 * settings.lora_rank)
        terms["r"] = (_kept(_MODEL, doubled) - whole) / settings.lora_rank
    values = {size.symbol: size.value for size in _SIZES}
    values |= {"q": _MODEL.q_size, "r": settings.lora_rank}
    rest = whole - sum(coefficient * values[symbol] for symbol, coefficient in terms.items())
    words = [
        f"{round(terms[symbol])}{symbol}"
        for symbol in ("h", "q", "k", "f", "a", "r")
        if symbol in terms and round(terms[symbol])
    ]
    if round(rest):
        words.append(f"{round(rest)}")
    return " + ".join(words)


def _kept(model: Architecture, settings: TrainingSettings) -> float:
    """Bytes per token and layer of what the layers keep, when the loss is computed.

    A vocabulary so large that the loss is the peak, whatever else the settings are, and so many
    tokens that it is larger than the optimizer step of that vocabulary's embedding.
    """
    settings = replace(settings, micro_batch=64)
    found = estimate(replace(model, vocab_size=4_000_000), settings)
    names = ("saved_activations", "checkpoints")
    kept = sum(item.bytes for item in found.breakdown if item.component in names)
    return kept / (settings.token_count * model.layer_count)


def logits_bytes_per_entry(settings: TrainingSettings) -> float:
    """Bytes of logits, loss and their gradients at the peak, per token and vocabulary entry."""
    model = replace(_MODEL, vocab_size=4_000_000, layer_count=1)
    found = estimate(model, settings)
    names = ("logits_and_loss", "activation_gradients")
    held = sum(item.bytes for item in found.breakdown if item.component in names)
    return held / (settings.token_count * model.vocab_size)

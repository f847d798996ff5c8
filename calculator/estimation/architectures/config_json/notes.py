"""What a configuration says and the estimate does not follow, in words."""

from __future__ import annotations

from collections.abc import Mapping

TOWERS = {"vision_config": "vision tower", "audio_config": "audio tower"}
PREDICTION_KEYS = ("num_nextn_predict_layers", "num_mtp_layers", "mtp_num_hidden_layers")
LONGEST_WORD = 20
# transformers 5.23, quantizers/quantizer_compressed_tensors.py, CompressedTensorsHfQuantizer: what it
# does not dequantise as it loads, the library unpacks at the first forward pass, for good. So did
# maps by themselves until March 2026 (compressed_tensors/linear/compressed_linear.py).
UNPACKED_METHOD = "compressed-tensors"


def config_notes(config: Mapping[str, object]) -> tuple[str, ...]:
    """Sentences for whoever gave the configuration; none where everything is followed.

    Never raises: what is not understood is not mentioned.
    """
    parts = [
        config,
        *(value for value in config.values() if isinstance(value, Mapping)),
    ]
    notes = [_quantized(part["quantization_config"]) for part in parts if _has_scheme(part)][:1]
    notes += [
        f"The configuration's {words} is left out: the text model alone is counted."
        for key, words in TOWERS.items()
        if isinstance(config.get(key), Mapping)
    ]
    if any(_is_above_zero(part.get(key)) for part in parts for key in PREDICTION_KEYS):
        notes.append("Its layer that predicts a further token is left out, as in fine-tuning.")
    return tuple(notes)


def _has_scheme(part: Mapping[str, object]) -> bool:
    return isinstance(part.get("quantization_config"), Mapping)


def _quantized(scheme: object) -> str:
    assert isinstance(scheme, Mapping)
    words = scheme.get("quant_method")
    is_word = isinstance(words, str) and words.replace("-", "").isalnum()
    named = f" ({words[:LONGEST_WORD]})" if isinstance(words, str) and is_word else ""
    note = (
        f"Its files hold quantised weights{named}, which are not what is trained: full fine-tuning"
        " and LoRA start from 16- or 32-bit weights here, QLoRA from the quantisation that is set."
    )
    if words != UNPACKED_METHOD:
        return note
    return (
        f"{note} These unpack to 16 bits in the first forward pass and stay so: adapters on the"
        " files as they are take what LoRA takes, not QLoRA."
    )


def _is_above_zero(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0

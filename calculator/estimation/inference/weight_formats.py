"""Formats of weights, and how many bits each takes for what kind of weight.

Bits include what a format stores beside the weights: scales, zero points, second-level scales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from calculator.estimation.inference.runtimes import RUNTIMES, Runtime

Family = Literal["16-bit", "8-bit", "4-bit", "GGUF"]

# The blocks of ggml's formats (ggml/src/ggml-common.h): bytes of a block and weights in it.
GGML_BITS: dict[str, float] = {
    "Q2_K": 84 * 8 / 256,
    "Q3_K": 110 * 8 / 256,
    "Q4_K": 144 * 8 / 256,
    "Q5_K": 176 * 8 / 256,
    "Q6_K": 210 * 8 / 256,
    "Q8_0": 34 * 8 / 32,
}
# Llama 3.1 8B, the model of llama.cpp's own table: its embedding (as large as the head), what its
# layers' linear maps have, and the norms, which stay in fp32.
_EMBEDDING_COUNT, _LINEAR_COUNT, _NORM_COUNT = 525_336_576, 6_979_321_856, 266_240
_QUANTIZE_README = "https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/README.md"
_QUANTIZE_CPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/quantize/quantize.cpp"


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """One way to store weights, as a runtime loads them.

    linear_bits: of the layers' linear maps; expert_bits: of the routed experts; embedding_bits:
    of the embedding; head_bits: of the head, which is the embedding's too where they are one;
    other_bits: of norms, convolutions and the like. Each is bits per weight, scales included.
    row_scale_bytes: beside them, for each output of a linear map.
    only_experts: it exists for mixtures of experts alone.
    """

    slug: str
    name: str
    family: Family
    runtime: str
    linear_bits: float
    expert_bits: float
    embedding_bits: float = 16
    head_bits: float = 16
    other_bits: float = 16
    row_scale_bytes: int = 0
    only_experts: bool = False
    words: str = ""
    source: str = ""

    @property
    def loaded_by(self) -> Runtime:
        return RUNTIMES[self.runtime]


def _gguf(
    level: str, base: str, bits_of_8b: float, source: str = _QUANTIZE_README
) -> WeightFormat:
    """A level of llama.cpp's k-quants, which mix block formats by tensor.

    llama.cpp states the bits per weight of Llama 3.1 8B as a whole. The head is Q6_K there (Q8_0
    for Q8_0), the embedding the level's base (src/llama-quant.cpp, llama_tensor_get_type), and so
    the layers have the rest. Where embedding and head are one tensor, it is stored as the head.
    """
    head = GGML_BITS["Q8_0" if base == "Q8_0" else "Q6_K"]
    embedding = GGML_BITS[base]
    total_count = 2 * _EMBEDDING_COUNT + _LINEAR_COUNT + _NORM_COUNT
    rest = bits_of_8b * total_count - (embedding + head) * _EMBEDDING_COUNT - 32 * _NORM_COUNT
    layers = rest / _LINEAR_COUNT
    return WeightFormat(
        slug=level.lower(),
        name=level,
        family="GGUF",
        runtime="llama.cpp",
        linear_bits=layers,
        expert_bits=layers,
        embedding_bits=embedding,
        head_bits=head,
        other_bits=32,
        words=f"{bits_of_8b:.2f} bits per weight for Llama 3.1 8B by llama.cpp’s table, and so"
        f" {layers:.2f} in the layers, {embedding:.2f} in the embedding, {head:.2f} in the head.",
        source=source,
    )


# Groups of 128 with a 16-bit scale and a zero point of the weights' width.
_AWQ_BITS = 4 + (16 + 4) / 128
_FP8_BITS = 8 + 32 / 128**2
_BNB = "https://huggingface.co/docs/transformers/main/quantization/bitsandbytes"
_ALL = (
    WeightFormat(
        "bf16", "16-bit (bf16)", "16-bit", "vllm", 16, 16,
        words="Two bytes for each weight, as most models are published.",
        source="https://docs.vllm.ai/en/stable/serving/engine_args/",
    ),
    WeightFormat(
        "fp8", "FP8", "8-bit", "vllm", _FP8_BITS, _FP8_BITS,
        words="A byte for each weight of the layers’ linear maps and experts and an fp32 scale for"
        " each block of 128 × 128; embedding, head and norms stay in 16 bits.",
        source="https://docs.vllm.ai/en/stable/features/quantization/fp8/",
    ),
    WeightFormat(
        "awq", "AWQ, GPTQ 4-bit", "4-bit", "vllm", _AWQ_BITS, _AWQ_BITS,
        words="4 bits, and for each group of 128 weights a 16-bit scale and a 4-bit zero point:"
        " 4.16 bits. Embedding, head and norms stay in 16 bits.",
        source="https://arxiv.org/abs/2306.00978",
    ),
    WeightFormat(
        "mxfp4", "MXFP4", "4-bit", "vllm", 16, 4 + 8 / 32, only_experts=True,
        words="4 bits and an 8-bit scale for each block of 32 in the experts, 4.25 bits; all else"
        " stays in 16 bits, as in gpt-oss.",
        source="https://arxiv.org/abs/2508.10925",
    ),
    WeightFormat(
        "f16", "F16", "16-bit", "llama.cpp", 16, 16, other_bits=32,
        words="Two bytes for each weight; norms in fp32.",
        source=_QUANTIZE_README,
    ),
    _gguf("Q8_0", "Q8_0", 8.5008),
    _gguf("Q6_K", "Q6_K", 6.5633),
    _gguf("Q5_K_M", "Q5_K", 5.7036),
    _gguf("Q5_K_S", "Q5_K", 5.5704),
    _gguf("Q4_K_M", "Q4_K", 4.8944),
    _gguf("Q4_K_S", "Q4_K", 4.6672),
    _gguf("Q3_K_L", "Q3_K", 4.2979),
    # The table leaves this level out; the program's help says 3.74 GiB for Llama 3 8B.
    _gguf("Q3_K_M", "Q3_K", 3.74 * 2**30 * 8 / 8_030_261_248, _QUANTIZE_CPP),
    _gguf("Q3_K_S", "Q3_K", 3.6429),
    _gguf("Q2_K", "Q2_K", 3.1593),
    WeightFormat(
        "bf16-transformers", "16-bit (bf16)", "16-bit", "transformers", 16, 16,
        words="Two bytes for each weight.",
        source="https://huggingface.co/docs/transformers/main/main_classes/model",
    ),
    WeightFormat(
        "int8", "8-bit (LLM.int8)", "8-bit", "transformers", 8, 16, row_scale_bytes=4,
        words="A byte for each weight of the linear maps and an fp32 scale for each of their"
        " outputs; stacked experts, embedding and head stay in 16 bits.",
        source=_BNB,
    ),
    WeightFormat(
        "gptq-int8", "GPTQ 8-bit", "8-bit", "transformers", 8 + 24 / 128, 8 + 24 / 128,
        words="8 bits, and for each group of 128 weights a 16-bit scale and an 8-bit zero point.",
        source="https://arxiv.org/abs/2210.17323",
    ),
    WeightFormat(
        "nf4", "4-bit (NF4)", "4-bit", "transformers", 4 + 32 / 64, 16,
        words="4 bits and an fp32 scale for each block of 64, 4.5 bits; stacked experts, embedding"
        " and head stay in 16 bits.",
        source="https://arxiv.org/abs/2305.14314",
    ),
    WeightFormat(
        "nf4-double", "4-bit (NF4, double)", "4-bit", "transformers",
        4 + 8 / 64 + 32 / (64 * 256), 16,
        words="As NF4, with the scales themselves in 8 bits: 4.13 bits.",
        source="https://arxiv.org/abs/2305.14314",
    ),
    WeightFormat(
        "gptq-int4", "GPTQ, AWQ 4-bit", "4-bit", "transformers", _AWQ_BITS, _AWQ_BITS,
        words="4 bits, and for each group of 128 weights a 16-bit scale and a 4-bit zero point.",
        source="https://arxiv.org/abs/2210.17323",
    ),
)  # fmt: skip
WEIGHT_FORMATS: dict[str, WeightFormat] = {each.slug: each for each in _ALL}

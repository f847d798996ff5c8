"""The programs that run a model: what each holds beside weights and cache, and in which widths."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.device import CONTEXT_BYTES, MIB

GIB = 2**30


@dataclass(frozen=True, slots=True, eq=False)
class Runtime:
    """One program and its defaults.

    prefill_tokens: of a prompt, what one step takes at most; 0: the whole prompt at once.
    value_bytes: width of what a step computes with. logits_bytes: of one logit.
    held_hidden_states: of the hidden size, how many values per token stand beside the widest
    operation of a layer. all_logits: each token of the step gets logits, not each sequence's last.
    kv_bits: bits per cached value by the precision's name, scales included; no name, no support.
    window_tokens: tokens beyond the window that a layer with one keeps room for while a step runs,
    at most the step's; 0: none.
    conv_state_bytes: width of the short convolutions' state.
    compresses_latent: keeps multi-head latent attention's compressed vector; otherwise the keys
    and values of all heads that are made of it.
    grows_by_copy: the cache of a layer is copied whole when a token is added.
    splits_by_layer: several GPUs have layers each (llama.cpp's default split, transformers'
    device_map); otherwise each has a part of every layer (tensor parallelism).
    embedding_on_host: the embedding stays in host memory, as only rows of it are read.
    overhead_bytes: low, likely and high of the CUDA context, graphs and libraries.
    """

    slug: str
    name: str
    prefill_tokens: int
    value_bytes: int
    logits_bytes: int
    held_hidden_states: int
    all_logits: bool
    kv_bits: dict[str, float]
    window_tokens: bool
    conv_state_bytes: int
    compresses_latent: bool
    grows_by_copy: bool
    splits_by_layer: bool
    embedding_on_host: bool
    overhead_bytes: tuple[int, int, int]
    overhead_source: str
    sources: tuple[str, ...]


VLLM = Runtime(
    slug="vllm",
    name="vLLM",
    # https://docs.vllm.ai/en/stable/configuration/optimization/: chunked prefill takes
    # max_num_batched_tokens at once. 8,192 is `vllm serve`'s on cards of 70 GB and more, 2,048 on
    # smaller ones (vllm/engine/arg_utils.py, get_batch_defaults).
    prefill_tokens=2_048,
    value_bytes=2,
    # In 16 bits, in fp32, and what sampling sorts: 16 bytes meet the 1.26 GiB of activations that
    # vLLM measures for Llama 3 8B with 8,192 tokens and 256 sequences (pull 10511).
    logits_bytes=16,
    held_hidden_states=2,  # hidden state and residual; the norms are fused with the sum
    all_logits=False,
    kv_bits={"16bit": 16, "8bit": 8},
    window_tokens=True,
    conv_state_bytes=2,
    compresses_latent=True,
    grows_by_copy=False,
    splits_by_layer=False,
    embedding_on_host=False,
    # Logs: beside weights and activations 0.16 GiB (vllm pull 12126) to 0.35 (issue 10517) without
    # CUDA graphs, 1.79 on an H100 (pull 10511); graphs 0.13 to 0.36 GiB (gpustack/runner pull 251,
    # mellea pull 416), "1~3 GiB" by vLLM's own warning.
    overhead_bytes=(round(0.3 * GIB), round(0.9 * GIB), round(2.2 * GIB)),
    overhead_source="vLLM’s logs of memory profiling and graph capture: 0.16 to 1.79 GiB beside"
    " weights and activations, and 0.13 to 0.4 GiB of CUDA graphs",
    sources=(
        "https://github.com/vllm-project/vllm/pull/10511",
        "https://github.com/vllm-project/vllm/issues/10517",
        "https://docs.vllm.ai/en/stable/configuration/optimization/",
    ),
)
LLAMA_CPP = Runtime(
    slug="llama.cpp",
    name="llama.cpp",
    prefill_tokens=512,  # n_ubatch (common/common.h)
    value_bytes=4,
    logits_bytes=4,
    # The compute buffers that logs state are the logits of n_ubatch tokens and one or two hidden
    # states: 300.75 MiB for Qwen2.5 3B (LLamaSharp issue 1099), 312.75 MiB for Qwen3 235B
    # (ik_llama.cpp pull 370).
    held_hidden_states=2,
    all_logits=True,
    # Blocks of 32 with a 16-bit scale: 8.5 and 4.5 bits (ggml-common.h, block_q8_0, block_q4_0).
    kv_bits={"16bit": 16, "8bit": 8.5, "4bit": 4.5},
    window_tokens=True,  # n_swa per sequence and n_ubatch beside it (pull 13194)
    conv_state_bytes=4,  # R and S of llama_memory_recurrent are f32
    compresses_latent=True,
    grows_by_copy=False,
    splits_by_layer=True,
    embedding_on_host=True,  # llama_model::load_tensors puts the input layer on the CPU
    # "unaccounted" of its own breakdown: 451 MiB on an RTX 4090 (pull 15860), 749 MiB on an RTX
    # PRO 6000 (issue 27953).
    overhead_bytes=(300 * MIB, 455 * MIB, 750 * MIB),
    overhead_source="llama.cpp’s own breakdown calls 451 MiB unaccounted on an RTX 4090 and"
    " 749 MiB on an RTX PRO 6000",
    sources=(
        "https://github.com/ggml-org/llama.cpp/pull/15860",
        "https://github.com/ggml-org/llama.cpp/issues/27953",
        "https://github.com/ggml-org/llama.cpp/pull/13194",
    ),
)
TRANSFORMERS = Runtime(
    slug="transformers",
    name="transformers",
    prefill_tokens=0,
    value_bytes=2,
    logits_bytes=4,
    # The embedding's output, the layer's input, the residual and the normed state: all have a name
    # while the MLP runs (modeling_qwen2.py). Held to Qwen2.5's measured speed benchmark.
    held_hidden_states=4,
    all_logits=False,
    # QuantizedCache: groups of 64 with a 16-bit scale and zero point (cache_utils.py).
    kv_bits={"16bit": 16, "8bit": 8.5, "4bit": 4.5},
    window_tokens=False,
    conv_state_bytes=2,
    compresses_latent=False,
    grows_by_copy=True,
    splits_by_layer=True,
    embedding_on_host=False,
    overhead_bytes=CONTEXT_BYTES,
    overhead_source="the CUDA context: 140 MiB on a T4 to about 600 MiB, from published runs",
    sources=(
        "https://github.com/QwenLM/Qwen2.5/blob/main/docs/source/benchmark/speed_benchmark.rst",
    ),
)
RUNTIMES: dict[str, Runtime] = {each.slug: each for each in (VLLM, LLAMA_CPP, TRANSFORMERS)}

"""Which steps are traced on fake tensors, and which are run on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from validation.tracing.case import Case

# Tokens per sequence for the eight recipes of each model, so that short and long ones are both
# met in every method; without checkpointing no more than 4,096.
_LENGTHS = (512, 1024, 2048, 4096, 8192, 16_384)
_RECIPES = (
    {"method": "full", "recipe": "pure_bf16"},
    {"method": "full", "recipe": "bf16_autocast"},
    {"method": "lora"},
    {"method": "qlora"},
)
_DENSE = (
    "llama-2-7b",
    "llama-2-13b",
    "llama-3-1-8b",
    "llama-3-2-1b",
    "llama-3-2-3b",
    "tinyllama-1-1b",
    "smollm2-360m",
    "smollm3-3b",
    "mistral-7b-v0-3",
    "mistral-7b-v0-1",
    "qwen2-5-0-5b",
    "qwen2-5-7b",
    "qwen3-0-6b",
    "qwen3-4b",
    "gemma-2b",
    "gemma-2-2b",
    "gemma-3-1b",
    "gemma-3-4b",
    "phi-2-2-7b",
    "phi-3-mini-3-8b-4k",
    "phi-4-14b",
    "falcon-7b",
    "pythia-1b",
    "pythia-6-9b",
    "olmo-2-1b",
    "starcoder2-3b",
    "stablelm-2-1-6b",
    "granite-3-3-2b",
    "glm-4-9b-0414",
    "aya-expanse-8b",
    "gpt-2-124m",
    "olmo-3-7b",
    "apertus-8b",
    "command-r7b",
    "ministral-3-3b",
    "phi-4-mini-3-8b",
)
_ATTENTION_TARGETS = "q_proj+k_proj+v_proj+o_proj"
_LATENT_TARGETS = "q_proj+kv_a_proj_with_mqa+kv_b_proj+o_proj"
_MIXTURES = (
    ("mixtral-8x7b", _ATTENTION_TARGETS),
    ("qwen3-30b-a3b", _ATTENTION_TARGETS),
    ("olmoe-1b-7b", _ATTENTION_TARGETS),
    ("gpt-oss-20b", _ATTENTION_TARGETS),
    ("deepseek-v2-lite-16b-a2-4b", _LATENT_TARGETS),
    ("moonlight-16b-a3b", _LATENT_TARGETS),
    ("glm-4-7-flash-30b-a3b", "q_b_proj+kv_b_proj+o_proj"),
)
_ALL = "all-linear"
# peft refuses adapters on a Mamba-2 layer's last map in two families.
_FALCON_H1 = "in_proj+q_proj+k_proj+v_proj+o_proj+gate_proj+up_proj+down_proj"
_NEMOTRON_H = "in_proj+q_proj+k_proj+v_proj+o_proj+up_proj+down_proj"
_SPARSE_TARGETS = "q_a_proj+q_b_proj+kv_a_proj_with_mqa+kv_b_proj+o_proj"
# Layers of several kinds: the model, how many of its layers are traced (0: all), and targets.
_HYBRIDS = (
    ("lfm2-1-2b", 0, _ALL),
    ("lfm2-2-6b", 6, _ALL),
    ("lfm2-8b-a1b", 6, _ALL),
    ("qwen3-5-0-8b", 4, _ALL),
    ("qwen3-5-9b", 4, _ALL),
    ("qwen3-5-35b-a3b", 4, _ALL),
    ("qwen3-next-80b-a3b", 4, _ATTENTION_TARGETS),
    ("granite-4-0-h-micro-3b", 0, _ALL),
    ("granite-4-0-h-tiny-7b-a1b", 6, _ALL),
    ("nemotron-nano-9b-v2", 16, _NEMOTRON_H),
    ("nemotron-3-nano-30b-a3b", 7, _NEMOTRON_H),
    ("deepseek-v3-2-671b-a37b", 4, _SPARSE_TARGETS),
    ("glm-5-a40b", 4, _SPARSE_TARGETS),
    ("falcon-h1-0-5b", 0, _FALCON_H1),
    ("falcon-h1-7b", 6, _FALCON_H1),
)
_SHARED_EXPERT = _ATTENTION_TARGETS + "+gate_proj+up_proj+down_proj"
# Other families: the model, how many of its layers are traced (0: all), the checkpointed steps'
# tokens, and targets.
_FAMILIES = (
    ("gemma-4-e2b", 0, 2048, _ALL),
    ("gemma-4-e4b", 0, 6144, _ALL),
    ("gemma-4-31b", 12, 3072, _ALL),
    ("gemma-4-26b-a4b", 6, 2048, _ALL),
    ("gpt-oss-120b", 4, 6144, _ALL),
    # peft cannot adapt Llama 4's router, which gives two tensors.
    ("llama-4-scout-109b-a17b", 4, 3072, _SHARED_EXPERT),
    ("llama-4-maverick-400b-a17b", 4, 2048, _SHARED_EXPERT),
    ("glm-4-5-air-106b-a12b", 3, 6144, _ALL),
    ("glm-4-7-355b-a32b", 4, 3072, _ALL),
    ("deepseek-v3-671b-a37b", 4, 2048, _ALL),
    ("kimi-k2-1t-a32b", 2, 6144, _LATENT_TARGETS),
    ("minimax-m2-230b-a10b", 3, 3072, _ALL),
    ("minimax-text-01-456b-a46b", 8, 2048, "qkv_proj+out_proj+output_gate+" + _ATTENTION_TARGETS),
    ("exaone-4-0-1-2b", 0, 2048, _ALL),
    ("exaone-4-0-32b", 8, 6144, _ALL),
    ("ernie-4-5-0-3b", 0, 3072, _ALL),
    ("ernie-4-5-21b-a3b", 6, 2048, _ALL),
    ("seed-oss-36b", 6, 6144, _ALL),
    ("hunyuan-7b", 8, 3072, _ALL),
    ("hunyuan-a13b-80b", 4, 2048, _ALL),
    ("glm-4-9b", 8, 6144, _ALL),
    ("olmo-3-32b", 8, 3072, _ALL),
    # The positions of these end at 2,048.
    ("opt-6-7b", 6, 2048, _ALL),
    ("bloom-7b1", 6, 2048, _ALL),
    ("gpt-j-6b", 6, 2048, _ALL),
    ("mpt-7b", 6, 2048, _ALL),
    ("gemma-3n-e2b", 0, 2048, _ALL),
    ("gemma-3n-e4b", 0, 3072, _ALL),
)
_VARIED = ("llama-3-2-1b", "qwen3-0-6b", "gemma-3-1b")
_VARIATIONS = (
    {"method": "lora", "lora_targets": "q_proj+v_proj", "gradient_checkpointing": False},
    {"method": "lora", "lora_targets": "q_proj+v_proj"},
    {"method": "qlora", "lora_targets": "q_proj+v_proj", "gradient_checkpointing": False},
    {"method": "lora", "recipe": "pure_bf16", "gradient_checkpointing": False},
    {"method": "lora", "recipe": "pure_bf16", "adapter_precision": "bf16"},
    {"method": "lora", "lora_rank": 4, "gradient_checkpointing": False},
    {"method": "lora", "lora_rank": 256},
    {"method": "lora", "lora_dropout": 0.05, "gradient_checkpointing": False},
    {"method": "lora", "attention": "eager", "gradient_checkpointing": False},
    {"method": "lora", "attention": "eager"},
    {"method": "lora", "micro_batch": 4, "sequence_length": 1024, "gradient_checkpointing": False},
    {"method": "lora", "micro_batch": 8, "sequence_length": 512},
    {"method": "lora", "gradient_accumulation": 2},
    {"method": "lora", "keeps_logits": True},
    {"method": "qlora", "keeps_logits": True, "attention": "eager", "recipe": "pure_bf16"},
    {"method": "qlora", "quantization": "nf4"},
    {"method": "qlora", "quantization": "int8", "gradient_checkpointing": False},
    {"method": "qlora", "quantization": "int8", "sequence_length": 8192},
    {"method": "qlora", "prepare_kbit": False, "gradient_checkpointing": False},
    {"method": "qlora", "lora_rank": 64, "micro_batch": 2},
    {"method": "qlora", "gradient_accumulation": 2, "gradient_checkpointing": False},
    {"method": "qlora", "attention": "eager", "sequence_length": 1024},
    {"method": "qlora", "recipe": "pure_bf16"},
    {"method": "qlora", "recipe": "pure_bf16", "gradient_checkpointing": False},
    {"method": "full", "recipe": "fp32", "gradient_checkpointing": False},
    {"method": "full", "recipe": "fp32", "sequence_length": 512},
    {"method": "full", "recipe": "fp16_autocast"},
    {"method": "full", "recipe": "pure_bf16", "gradient_accumulation": 2},
    {"method": "full", "gradient_accumulation": 2},
    {"method": "full", "optimizer": "adamw_foreach"},
    {"method": "full", "recipe": "pure_bf16", "optimizer": "adamw_foreach"},
    {"method": "full", "optimizer": "sgd", "sequence_length": 512},
    {"method": "full", "recipe": "pure_bf16", "optimizer": "sgd", "sequence_length": 512},
    {"method": "full", "optimizer": "adafactor", "sequence_length": 512},
    {"method": "full", "recipe": "pure_bf16", "optimizer": "adafactor"},
    {"method": "full", "recipe": "pure_bf16", "micro_batch": 4, "gradient_checkpointing": False},
)


# A few layers tell as much as all of them where only the layers and the step differ.
_FEW_LAYERS = 4
_TRAINED_ENDS = ("embeddings", "head", "embeddings_and_head")


def _cases_of_settings() -> Iterator[Case]:
    """How experts are held and adapted, steps in the backward pass, Muon, DoRA, trained ends."""
    for model in ("mixtral-8x7b", "olmoe-1b-7b", "qwen3-30b-a3b"):
        few = Case(
            model, method="qlora", lora_targets=_ATTENTION_TARGETS, layer_count=_FEW_LAYERS // 2
        )
        for experts in ("quantized", "quantized_kept", "linear"):
            yield replace(few, experts=experts, prepare_kbit=False)
            yield replace(few, experts=experts)
        yield replace(few, method="lora", expert_targets="per_expert")
        yield replace(few, experts="quantized_kept", quantization="int8")
    for model in ("llama-3-2-1b", "qwen3-0-6b", "tinyllama-1-1b"):
        few = Case(model, layer_count=_FEW_LAYERS, sequence_length=512)
        for recipe in ("pure_bf16", "bf16_autocast"):
            yield replace(few, recipe=recipe, optimizer_in_backward=True)
            yield replace(few, recipe=recipe, optimizer="muon")
        yield replace(few, optimizer="sgd", optimizer_in_backward=True)
        yield replace(few, method="lora", optimizer_in_backward=True)
        lora = replace(few, method="lora", sequence_length=2048)
        for ends in _TRAINED_ENDS:
            yield replace(lora, modules_to_save=ends)
        yield replace(lora, method="qlora", modules_to_save="embeddings_and_head")
    for model in ("phi-2-2-7b", "starcoder2-7b"):  # layer norms, which autocast runs in fp32
        yield Case(model, method="qlora", prepare_kbit=False, layer_count=_FEW_LAYERS)
    for model in ("llama-2-7b", "qwen2-5-7b", "gemma-2b"):
        few = Case(model, method="lora", use_dora=True, layer_count=_FEW_LAYERS)
        yield few
        yield replace(few, lora_dropout=0.05)
        yield replace(few, recipe="pure_bf16", adapter_precision="bf16")


def _cases_of_older_libraries() -> Iterator[Case]:
    """bitsandbytes before 0.43.2, reentrant checkpoints, embedding and head cast back."""
    for model in ("llama-3-1-8b", "phi-2-2-7b"):
        few = Case(model, method="qlora", layer_count=_FEW_LAYERS, lora_dropout=0.05)
        for prepared in (True, False):
            older = replace(few, prepare_kbit=prepared, bitsandbytes_version="0.43")
            yield older
            yield replace(older, gradient_checkpointing=False, sequence_length=1024)
            yield replace(older, reentrant_checkpoints=True)
            yield replace(older, bitsandbytes_version="0.42", lora_dropout=0.0)
            yield replace(
                few, prepare_kbit=prepared, quantization="int8", reentrant_checkpoints=True
            )
        back = replace(few, casts_ends_back=True)
        yield back
        yield replace(back, gradient_checkpointing=False, sequence_length=1024)
        yield replace(back, modules_to_save="embeddings_and_head")
    yield Case("llama-3-1-8b", method="lora", layer_count=_FEW_LAYERS, reentrant_checkpoints=True)
    yield Case("llama-3-1-8b", layer_count=_FEW_LAYERS, reentrant_checkpoints=True)


def _traced_cases() -> Iterator[Case]:
    for index, model in enumerate(_DENSE):
        for position, recipe in enumerate(_RECIPES):
            length = _LENGTHS[(index + position) % len(_LENGTHS)]
            case = Case(model, **recipe, sequence_length=length)
            yield case
            yield replace(case, gradient_checkpointing=False, sequence_length=min(length, 4096))
    for model, targets in _MIXTURES:
        for recipe in _RECIPES:
            case = Case(model, **recipe, lora_targets=targets)
            yield case
            yield replace(case, gradient_checkpointing=False, sequence_length=1024)
        for method in ("lora", "qlora"):
            yield Case(model, method=method)
            yield Case(model, method=method, gradient_checkpointing=False, sequence_length=1024)
    for model, layer_count, targets in _HYBRIDS:
        for recipe in _RECIPES:
            case = Case(model, **recipe, lora_targets=targets, layer_count=layer_count)
            yield replace(case, sequence_length=4096)
            # An indexer's keys are copied for every token of more than one sequence.
            batch = 1 if targets == _SPARSE_TARGETS else 2
            yield replace(
                case, gradient_checkpointing=False, sequence_length=1024, micro_batch=batch
            )
    for model, layer_count, length, targets in _FAMILIES:
        for recipe in _RECIPES:
            case = Case(model, **recipe, lora_targets=targets, layer_count=layer_count)
            yield replace(case, sequence_length=length)
            yield replace(case, gradient_checkpointing=False, sequence_length=1024)
    for model in _VARIED:
        for variation in _VARIATIONS:
            yield Case(model, **variation)
    for case in _cases_of_settings():
        yield case
        yield replace(
            case,
            gradient_checkpointing=False,
            sequence_length=min(case.sequence_length, 1024),
        )
    yield from _cases_of_older_libraries()
    for model, batch, length in (("llama-3-1-8b", 3, 1536), ("qwen2-5-7b", 1, 3000)):
        for prepared in (True, False):
            yield Case(
                model,
                method="qlora",
                micro_batch=batch,
                sequence_length=length,
                gradient_checkpointing=False,
                prepare_kbit=prepared,
                layer_count=6,
            )
    yield Case("llama-2-70b", method="qlora", sequence_length=4096)
    yield Case("qwen2-5-32b", method="qlora", sequence_length=1024)


def _gpu_cases() -> Iterator[Case]:
    """Small enough for a card of 80 GB, and varied in what the allocator sees."""
    for model in ("llama-3-2-1b", "qwen2-5-0-5b", "gemma-3-1b"):
        for recipe in _RECIPES:
            for length in (1024, 4096):
                yield Case(model, **recipe, sequence_length=length)
        for method in ("lora", "qlora"):
            yield Case(model, method=method, gradient_checkpointing=False)
    for model in ("llama-2-7b", "llama-3-1-8b", "mistral-7b-v0-3"):
        for method in ("lora", "qlora"):
            for length in (1024, 4096):
                yield Case(model, method=method, sequence_length=length)
    yield Case("llama-3-2-1b", optimizer="adamw_foreach")
    yield Case("llama-3-2-1b", recipe="pure_bf16", optimizer="adamw_8bit")
    yield Case("llama-3-2-1b", method="qlora", optimizer="paged_adamw_8bit")
    yield Case("llama-3-2-1b", method="lora", attention="eager")
    yield Case("llama-3-2-1b", method="qlora", quantization="int8")
    yield Case("llama-3-2-1b", method="qlora", prepare_kbit=False)


# The model of validation/real_steps.py, small enough for a CPU.
SMALL_LLAMA = {
    "vocab_size": 2048,
    "hidden_size": 512,
    "intermediate_size": 1376,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
}
TRACED_CASES = tuple(_traced_cases())
GPU_CASES = tuple(_gpu_cases())

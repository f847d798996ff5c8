"""The architecture behind a model's name in the measured runs.

Most are rows of the catalog under another name (a chat version, a mirror, a GPTQ repository). The
older ones that the catalog leaves out are stated here, each with the configuration it is from.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.families import FAMILIES, FamilyTraits
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.errors import ConfigError

CATALOG = Path(__file__).parents[2] / "calculator" / "data" / "models.csv"

# Name in the runs → Hugging Face name of the catalog's row with the same shape.
SAME_SHAPE: dict[str, str] = {
    "01-ai/Yi-34B-Chat": "01-ai/Yi-34B",
    "01-ai/Yi-6B-Chat": "01-ai/Yi-6B",
    "AI-ModelScope/Mistral-7B-Instruct-v0.1": "mistralai/Mistral-7B-v0.1",
    "LLM-Research/Meta-Llama-3-8B-Instruct": "meta-llama/Meta-Llama-3-8B",
    "LLaMA-13B": "meta-llama/Llama-2-13b-hf",
    "LLaMA-7B": "meta-llama/Llama-2-7b-hf",
    "NousResearch/Llama-2-70b-hf": "meta-llama/Llama-2-70b-hf",
    "OpenBuddy/openbuddy-zephyr-7b": "mistralai/Mistral-7B-v0.1",
    "Qwen/Qwen2.5-1.5B-Instruct": "Qwen/Qwen2.5-1.5B",
    "Qwen/Qwen2.5-7B-Instruct": "Qwen/Qwen2.5-7B",
    "TechxGenus/Meta-Llama-3-8B-GPTQ": "meta-llama/Meta-Llama-3-8B",
    "TheBloke/Llama-2-70B-GPTQ": "meta-llama/Llama-2-70b-hf",
    "TheBloke/Mistral-7B-v0.1-GPTQ": "mistralai/Mistral-7B-v0.1",
    "TheBloke/Mixtral-8x7B-Instruct-v0.1-GPTQ": "mistralai/Mixtral-8x7B-v0.1",
    "TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T": "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
    "XiaomiMiMo/MiMo-7B-RL": "XiaomiMiMo/MiMo-7B-Base",
    "casperhansen/llama-3-70b-fp16": "meta-llama/Meta-Llama-3-70B",
    "katanemo/Plano-Orchestrator-4B": "Qwen/Qwen3-4B",
    "meta-llama/Meta-Llama-3-8B-Instruct": "meta-llama/Meta-Llama-3-8B",
    "mistralai/Devstral-Small-2507": "mistralai/Devstral-Small-2505",
    "mistralai/Magistral-Small-2506": "mistralai/Mistral-Small-24B-Instruct-2501",
    "mistralai/Magistral-Small-2507": "mistralai/Mistral-Small-24B-Instruct-2501",
    "mistralai/Mistral-7B-v0.2": "mistralai/Mistral-7B-v0.3",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mistralai/Mixtral-8x7B-v0.1",
    "swiss-ai/Apertus-8B-Instruct-2509": "swiss-ai/Apertus-8B-2509",
}
# Qwen's first generation: one map for q, k and v with a bias, SwiGLU of w1 and w2
# (modeling_qwen.py in its repositories).
_QWEN_1 = FamilyTraits(
    qkv_bias=True,
    fused_qkv=True,
    qkv_name="c_attn",
    o_name="c_proj",
    gate_name="w2",
    up_name="w1",
    down_name="c_proj",
)
_BAICHUAN = FamilyTraits(fused_qkv=True, qkv_name="W_pack")
# modeling_chatglm.py: two key and value heads, gate and up in one map, half-rotary positions.
_CHATGLM = FamilyTraits(
    qkv_bias=True,
    fused_qkv=True,
    fused_gate_up=True,
    rotary_fraction=0.5,
    qkv_name="query_key_value",
    o_name="dense",
    gate_up_name="dense_h_to_4h",
    down_name="dense_4h_to_h",
)


def _older(
    name: str,
    traits: FamilyTraits,
    *,
    hidden: int,
    layers: int,
    heads: int,
    kv_heads: int,
    intermediate: int,
    vocab: int,
    tied: bool = False,
    positions: int = 0,
) -> Architecture:
    return Architecture(
        name=name,
        model_type=name.split("/")[0],
        hidden_size=hidden,
        layer_count=layers,
        head_count=heads,
        kv_head_count=kv_heads,
        head_dim=hidden // heads,
        intermediate_size=intermediate,
        vocab_size=vocab,
        tied_embeddings=tied,
        position_count=positions,
        traits=traits,
    )


def _qwen(name: str, hidden: int, layers: int, intermediate: int, vocab: int) -> Architecture:
    return _older(
        name,
        _QWEN_1,
        hidden=hidden,
        layers=layers,
        heads=hidden // 128,
        kv_heads=hidden // 128,
        intermediate=intermediate,
        vocab=vocab,
    )


_CHATGLM_6B = _older(
    "THUDM/chatglm2-6b",
    _CHATGLM,
    hidden=4096,
    layers=28,
    heads=32,
    kv_heads=2,
    intermediate=13696,
    vocab=65024,
)
_BAICHUAN_7B = _older(
    "baichuan-inc/Baichuan2-7B",
    _BAICHUAN,
    hidden=4096,
    layers=32,
    heads=32,
    kv_heads=32,
    intermediate=11008,
    vocab=125696,
)
# Each from the config.json of the repository that the key names.
OLDER: dict[str, Architecture] = {
    "Qwen/Qwen-1_8B": _qwen("Qwen/Qwen-1_8B", 2048, 24, 5504, 151936),
    "Qwen/Qwen-7B": _qwen("Qwen/Qwen-7B", 4096, 32, 11008, 151936),
    "Qwen/Qwen-14B": _qwen("Qwen/Qwen-14B", 5120, 40, 13696, 152064),
    "Qwen/Qwen-72B": _qwen("Qwen/Qwen-72B", 8192, 80, 24576, 152064),
    "Qwen/Qwen1.5-7B": _older(
        "Qwen/Qwen1.5-7B",
        FAMILIES["qwen2"],
        hidden=4096,
        layers=32,
        heads=32,
        kv_heads=32,
        intermediate=11008,
        vocab=151936,
    ),
    "Qwen/Qwen1.5-14B": _older(
        "Qwen/Qwen1.5-14B",
        FAMILIES["qwen2"],
        hidden=5120,
        layers=40,
        heads=40,
        kv_heads=40,
        intermediate=13696,
        vocab=152064,
    ),
    "THUDM/chatglm2-6b": _CHATGLM_6B,
    "THUDM/chatglm3-6b": _CHATGLM_6B,
    "baichuan-inc/Baichuan2-7B": _BAICHUAN_7B,
    "baichuan-inc/Baichuan2-7B-Chat": _BAICHUAN_7B,
    "baichuan-inc/Baichuan2-13B-Chat": _older(
        "baichuan-inc/Baichuan2-13B-Chat",
        replace(_BAICHUAN, rotary_fraction=0.0),  # ALiBi positions
        hidden=5120,
        layers=40,
        heads=40,
        kv_heads=40,
        intermediate=13696,
        vocab=125696,
    ),
    "bigcode/gpt_bigcode-santacoder": _older(
        "bigcode/gpt_bigcode-santacoder",
        FAMILIES["gpt2"],  # GPT-2's layer with one key and value head
        hidden=2048,
        layers=24,
        heads=16,
        kv_heads=1,
        intermediate=8192,
        vocab=49280,
        tied=True,
        positions=2048,
    ),
    "deepseek-ai/deepseek-coder-33b-instruct": _older(
        "deepseek-ai/deepseek-coder-33b-instruct",
        FAMILIES["llama"],
        hidden=7168,
        layers=62,
        heads=56,
        kv_heads=8,
        intermediate=19200,
        vocab=32256,
    ),
    "huggyllama/llama-65b": _older(
        "huggyllama/llama-65b",
        FAMILIES["llama"],
        hidden=8192,
        layers=80,
        heads=64,
        kv_heads=64,
        intermediate=22016,
        vocab=32000,
    ),
    "ibm/PowerLM-3b": _older(
        "ibm/PowerLM-3b",
        FAMILIES["granite"],
        hidden=2304,
        layers=40,
        heads=36,
        kv_heads=36,
        intermediate=9216,
        vocab=49152,
        tied=True,
    ),
    "microsoft/phi-1_5": _older(
        "microsoft/phi-1_5",
        replace(FAMILIES["phi"], rotary_fraction=0.5),
        hidden=2048,
        layers=24,
        heads=32,
        kv_heads=32,
        intermediate=8192,
        vocab=51200,
    ),
    "stabilityai/stablelm-base-alpha-3b": _older(
        "stabilityai/stablelm-base-alpha-3b",
        FAMILIES["gpt_neox"],
        hidden=4096,
        layers=16,
        heads=32,
        kv_heads=32,
        intermediate=16384,
        vocab=50688,
    ),
}


@lru_cache(maxsize=1)
def _catalog() -> dict[str, dict[str, str]]:
    with CATALOG.open(encoding="utf-8", newline="") as file:
        return {row["hf_id"]: row for row in csv.DictReader(file)}


@lru_cache(maxsize=256)
def architecture_of(model: str) -> Architecture | None:
    """The architecture of a model of the runs, or None where none is known."""
    name = model.removesuffix("-Int4").removesuffix("-Int8")
    name = "Qwen/" + name.split("/")[1] if name.startswith("qwen/") else name
    if name.startswith("Qwen/Qwen-"):
        name = name.removesuffix("-Chat")
    if name in OLDER:
        return OLDER[name]
    row = _row_of(name)
    if row is None:
        return None
    try:
        return architecture_from_row(row)
    except ConfigError:
        return None


def catalog_slug_of(model: str) -> str:
    """The slug of the catalog's row with this model's shape, or nothing."""
    row = _row_of(model)
    return row["slug"] if row else ""


def _row_of(name: str) -> dict[str, str] | None:
    return _catalog().get(SAME_SHAPE.get(name, name))

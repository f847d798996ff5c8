"""A catalog of a few rows, as files, for tests that change the files."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "gpus/data/memory_tiers.csv": """\
memory_gb,label,audience,on_ladder,may_be_multiplied,order
24,24 GB GPU,consumer,true,false,1
80,80 GB,datacenter,true,true,2
""",
    "gpus/data/utilisation_classes.csv": """\
slug,name,low_fraction,likely_fraction,high_fraction,source,order
any,Any card,0.2,0.4,0.6,an assumption,1
""",
    "gpus/data/platforms.csv": """\
slug,name,full_support,lora_support,qlora_support,note,source_name,source_url,checked_on,order
cuda,CUDA,yes,yes,yes,All run.,docs,https://example.com/docs,2026-11-01,1
""",
    "gpus/data/gpus.csv": """\
slug,name,short_name,vendor,audience,memory_gb,launch,bandwidth_gb_per_s,\
is_tier_example,order,published,source
rtx-4090,GeForce RTX 4090,RTX 4090,NVIDIA,consumer,24,2022-10,1008,true,10,true,data sheet
h100,H100 SXM,H100,NVIDIA,datacenter,80,2022-10,3350,true,20,true,"data sheet, page 2"
""",
    "gpus/data/prices.csv": """\
gpu,kind,provider,usd,source_name,source_url,checked_on
rtx-4090,buy_launch,,1599,NVIDIA,https://example.com/4090,2026-11-01
""",
    "calculator/data/method_presets.csv": """\
slug,task,name,summary,audience_note,order,published,source
lora,training,LoRA,Trains small adapters.,For one GPU.,1,true,
qlora,training,QLoRA,Trains adapters on a 4-bit base.,For a consumer GPU.,2,true,
""",
    "calculator/data/preset_parts.csv": """\
preset_slug,slug,label,bytes_per_parameter,explanation,order
lora,weights,Frozen weights,2,16 bits each.,1
lora,rest,The rest,0.4,,2
qlora,weights,Frozen weights,0.5,4 bits each.,1
qlora,rest,The rest,0.35,,2
""",
    "calculator/data/model_sizes.csv": "params_b,order,published\n7,1,true\n0.5,2,true\n",
    "calculator/data/models.csv": """\
slug,model_type,hf_id,family,display_name,released,params_total,architecture,hidden_size,\
num_hidden_layers,num_attention_heads,num_key_value_heads,intermediate_size,vocab_size,\
tie_word_embeddings,source
llama-2-7b,llama,meta-llama/Llama-2-7b-hf,Llama 2,Llama 2 7B,2023-07,6738415616,dense,4096,32,32,\
32,11008,32000,false,its config.json
""",
    "calculator/data/model_aliases.csv": """\
alias,model,source
vicuna-7b-v1.5,llama-2-7b,tuned from it
""",
    "calculator/data/faq/01-how-much.md": """\
---
slug: how-much
question: How much: for 7B?
order: 1
calculator_query: size=7
---
It depends on the method.

A second paragraph.
""",
}


def write_small_catalog(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

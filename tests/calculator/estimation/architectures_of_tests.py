"""Architectures that tests estimate, as their publishers state them."""

from calculator.estimation import Architecture

# https://huggingface.co/meta-llama/Llama-3.1-8B, config.json
LLAMA_8B = Architecture(
    name="Llama 3.1 8B",
    model_type="llama",
    hidden_size=4096,
    layer_count=32,
    head_count=32,
    kv_head_count=8,
    head_dim=128,
    intermediate_size=14336,
    vocab_size=128256,
    tied_embeddings=False,
)

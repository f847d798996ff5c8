"""/gpus/<slug>/: one GPU, its facts, and what it, or several of it, can fine-tune."""

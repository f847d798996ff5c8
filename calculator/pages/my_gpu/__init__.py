"""/gpus/<slug>/: what one GPU can fine-tune, and its facts."""

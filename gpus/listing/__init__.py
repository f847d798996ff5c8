"""/gpus/: the list of GPUs, filtered and sorted."""

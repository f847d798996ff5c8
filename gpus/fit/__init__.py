"""/fit/: which GPUs, and how many of them, hold a run; what they cost and how long it takes."""

"""One training step on tensors without data: what lives in memory at every moment."""

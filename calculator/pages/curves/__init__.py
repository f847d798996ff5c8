"""/curves/: memory against sequence length, model size and batch, three lines and the tiers."""

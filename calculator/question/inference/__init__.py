"""A question about running a model: its settings, and the model that they are about."""

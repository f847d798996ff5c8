"""Running a model at /inference/: by the rule of thumb for a size, precise with a model."""

"""The methodology page: every term with formula, meaning and source, its numbers from the core."""

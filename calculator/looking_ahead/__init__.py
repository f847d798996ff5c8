"""A change before it is saved: shown, and held back where somebody should think again."""

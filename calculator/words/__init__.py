"""Figures and words as both apps print them, and what people type, read."""

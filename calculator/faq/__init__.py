"""The FAQ: its rows, its Markdown with figures, its pages."""

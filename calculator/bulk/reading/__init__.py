"""From a file's bytes or a pasted text to a grid of cells, and what its columns hold."""

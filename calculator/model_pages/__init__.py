"""The list of language models, and a page for each."""

"""Runs a real fine-tuning step, on fake tensors or on a GPU, and records the memory it takes.

Needs validation/requirements.txt; nothing of the site or its tests imports this.
"""

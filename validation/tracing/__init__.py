"""Runs a real fine-tuning step, on fake tensors or on a GPU, and records the memory it takes.

All but `cases.py` needs validation/requirements.txt; the site imports nothing of this.
"""

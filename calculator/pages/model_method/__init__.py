"""/models/<slug>/<method>/: one model trained by one method, at the lengths and batches that
people use, and the GPUs that hold it.
"""

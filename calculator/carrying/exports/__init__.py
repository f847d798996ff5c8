"""Configurations for training tools with the settings of a page, commented.

What a file says is held to what it should say by reading it back (`carrying/imports`).
"""

"""Configurations that come from training tools, and that go to them."""

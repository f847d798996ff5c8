"""The JSON API. Its contract is in docs/api.md."""

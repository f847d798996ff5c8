"""A query string, read: which model is asked about, and how it is trained."""

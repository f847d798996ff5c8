"""What the core and the catalog say to a question."""

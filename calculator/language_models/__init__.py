"""Language models: their rows, the search for one, their list and pages."""

"""Import and export in bulk: tables in and out of the catalog, always through a preview."""

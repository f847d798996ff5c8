"""Public price catalogs, off until an editor turns one on."""

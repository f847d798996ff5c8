"""Reports from the field on the accuracy page, from calculator/data/field_reports.csv."""

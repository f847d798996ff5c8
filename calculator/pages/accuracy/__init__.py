"""The accuracy page: predicted against traced and measured, from calculator/data/accuracy.csv."""

"""The calculator's page: headline, ruler, cards, settings."""

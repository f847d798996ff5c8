"""Prices as what somebody saw: their rows, and which of them a card shows."""

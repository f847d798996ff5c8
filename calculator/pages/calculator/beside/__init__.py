"""What stands beside a card's figure: a typical run, the visitor's own GPU, what would save memory."""

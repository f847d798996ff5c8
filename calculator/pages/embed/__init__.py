"""The three cards, small, in a frame on somebody else's page."""

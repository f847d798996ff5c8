"""What visitors see: a room for each page."""

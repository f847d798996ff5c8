"""/compare/: up to four configurations side by side, by URL, with what differs marked."""

"""What a change would do to the site, before it is saved."""

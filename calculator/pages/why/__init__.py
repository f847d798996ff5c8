"""/why/: why somebody measured another figure than the estimate."""

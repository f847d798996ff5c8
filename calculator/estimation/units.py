"""Units of the core: bytes inside, GB of 10⁹ bytes for display (docs/decisions.md, 3)."""

GB = 10**9
GIB = 2**30
BILLION = 10**9

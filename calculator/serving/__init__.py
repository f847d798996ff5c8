"""What lets a public answer be kept: which of them may be, and how old rows may be."""

"""What happened to the catalog: every change with who, when and why, and the way back."""

"""What a model is: its sizes, its family's traits, its linear maps, its parameters."""

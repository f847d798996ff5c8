"""What is meant where something sent is wrong, or where more was sent than was asked."""

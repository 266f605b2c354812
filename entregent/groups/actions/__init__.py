"""What is done with groups of clients."""

"""What happens inside a network."""

"""What all figures are made of."""

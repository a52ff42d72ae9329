"""The page Attention zoo."""

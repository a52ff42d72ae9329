"""The page Gate surgery."""

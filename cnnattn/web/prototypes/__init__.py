"""The page Prototypes."""

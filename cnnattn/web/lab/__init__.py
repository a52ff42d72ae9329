"""The page Live: the networks run in the browser."""

"""The page Channel attention."""

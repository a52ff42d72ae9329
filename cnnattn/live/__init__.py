"""Networks that run in the browser, at the rate of its display."""

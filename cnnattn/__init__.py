"""CNN Attention Lab: look inside a CNN and see what attention does to it."""

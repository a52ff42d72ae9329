"""Feature maps and kernels."""

"""Attention modules and gates."""

"""Predictions, accuracies and training curves."""

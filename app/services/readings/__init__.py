"""Readings: taking them in and reading them back."""

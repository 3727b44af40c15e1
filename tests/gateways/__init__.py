"""Vendors' messages and how they are read."""

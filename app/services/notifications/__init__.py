"""Telling people: what they were told, how it goes out, how they and their practice want it."""

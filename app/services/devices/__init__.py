"""Devices: the inventory and who holds which."""

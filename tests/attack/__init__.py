"""Attacks on every route there is: routes are found, not listed, so a new one is attacked from its first day."""

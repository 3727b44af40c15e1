"""Telling people that something wants their eyes: what, by which channels, when, and in which words."""

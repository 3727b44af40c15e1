"""Vital signs: what is measured, in which units and limits, when two readings are one and when one cannot be true."""

"""The keys of stored values, their rotation, and values that do not open."""

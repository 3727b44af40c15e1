"""The JSON API: one blueprint per endpoint group. Views of three lines; the rest lives elsewhere."""

"""The patient's record: demographics, notes, timeline, duplicates and merges."""

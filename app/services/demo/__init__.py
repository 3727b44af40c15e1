"""The practices a development server starts with."""

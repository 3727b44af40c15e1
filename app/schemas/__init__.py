"""Wire shapes, shared by the API and the console: load gives domain facts, dump takes rows. No HTTP, no session."""

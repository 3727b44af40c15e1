"""The rule book: pure functions and frozen facts. Standard library only; no database, no HTTP, no clock of its own."""

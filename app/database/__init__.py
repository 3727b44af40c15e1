"""The way to PostgreSQL: statements prepared once, several in one round trip, dead connections noticed in time."""

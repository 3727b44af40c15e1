"""The trail: sealed, verified, exported, purged."""

"""Who needs help first: the board, its summaries and the alerts."""

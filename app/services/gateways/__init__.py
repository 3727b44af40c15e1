"""Device vendors: their integrations, the inbox of what they send, and what becomes of it."""

"""Use cases: verbs that take an actor and plain facts, and do one thing in one transaction. No HTTP, no wire shapes."""

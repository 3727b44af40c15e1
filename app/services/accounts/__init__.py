"""Who may come in: people, passwords, sessions, second factors."""

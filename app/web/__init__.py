"""What the API and the console share of HTTP: identity, permissions, errors, rate limits, strict input, headers."""

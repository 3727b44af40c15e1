"""The ways out: what Vantrexia sends to other machines. Knows protocols, not practices."""

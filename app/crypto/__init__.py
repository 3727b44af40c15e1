"""Encryption of protected values: envelopes, keys, keyed indexes and the column descriptor."""

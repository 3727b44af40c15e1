"""Keyed hashes that let encrypted values be found without being read; each practice has its own."""

import hmac
from collections.abc import Iterable
from uuid import UUID

from app.crypto.keyring import keyring


def blind_index(practice_id: UUID, field: str, normalised: str) -> bytes:
    """Return the 32-byte index of a normalised value, for equality and uniqueness within the practice."""
    key = keyring.practice(practice_id).index
    return hmac.digest(key, f"{field}|{normalised}".encode(), "sha256")


def login_index(email: str) -> bytes:
    """Return the index by which an account is found before its practice is known."""
    key = keyring.practice(None).index
    return hmac.digest(key, f"login|{email.strip().casefold()}".encode(), "sha256")


def search_tokens(practice_id: UUID, terms: Iterable[str]) -> list[int]:
    """Return a signed 64-bit token for each search term."""
    key = keyring.practice(practice_id).index
    return [int.from_bytes(hmac.digest(key, f"search|{term}".encode(), "sha256")[:8], signed=True) for term in terms]

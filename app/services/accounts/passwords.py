"""Hashing and checking passwords: Argon2id with the ASVS 5.0 parameters, as many at a time as there are cores."""

import os
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.domain.passwords import normalise

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_cores = BoundedSemaphore(os.cpu_count() or 1)

# Checked when there is no account, so that an unknown address costs what a known one costs. Of a random password.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$sB/TRtTaNIpO2qBwqJmonA$SPssJNgIz9WhyIF9r1fu3Lpy38U/GJ4Rn0OpJnAT5rQ"


def hash_password(password: str) -> str:
    """Return the hash to store."""
    with _cores:
        return _hasher.hash(normalise(password))


def is_correct(password: str, stored_hash: str | None) -> bool:
    """Say whether the password fits; without a stored hash do the same work and say no."""
    with _cores:
        try:
            return _hasher.verify(stored_hash or _NOBODY, normalise(password)) and stored_hash is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def needs_rehash(stored_hash: str) -> bool:
    """Say whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored_hash)

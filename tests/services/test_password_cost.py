"""What a password's hash costs whoever tries to guess it; the suite itself hashes more cheaply."""

import argon2

from app.services.accounts import passwords

# Read before the suite's own cost is set, which happens when its first test starts.
_HASHER, _NOBODY = passwords._hasher, passwords._NOBODY


def test_the_cost_is_that_of_the_asvs() -> None:
    """OWASP's password storage: Argon2id, 19 MiB, two passes, one lane."""
    assert _HASHER.hash("password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_s11_nobodys_hash_costs_what_anybodys_does() -> None:
    assert not _HASHER.check_needs_rehash(_NOBODY)
    assert argon2.extract_parameters(_NOBODY).type is argon2.Type.ID

"""What identifies people is ciphertext in the database, and bound to its place."""

import pytest

from app.crypto.columns import decrypt, encrypt
from app.crypto.envelope import place
from app.crypto.keyring import MasterKeys
from app.domain.errors import IntegrityViolated, Unavailable
from app.services.patients.records import get_patient
from tests.builders import a_patient, a_user, in_house


def test_s60_the_same_text_twice_is_different_ciphertext() -> None:
    """A million nonces, none twice; all of them open to the same text (a thousand are tried)."""
    practice_id = a_user().actor.practice_id
    where = place("t", "c", 1, practice_id)
    with in_house():
        sealed = [encrypt(practice_id, where, b"same") for _ in range(10**6)]
        opened = {decrypt(practice_id, where, envelope) for envelope in sealed[::1000]}
    assert opened == {b"same"}
    assert len({envelope[5:17] for envelope in sealed}) == len({envelope[17:] for envelope in sealed}) == 10**6


def test_a_practices_value_does_not_open_under_anothers_keys() -> None:
    """Two practices, two data keys."""
    one, two = a_user(), a_user()
    where = place("t", "c", 1, None)
    with in_house(one.actor):
        sealed = encrypt(one.actor.practice_id, where, b"secret")
        with pytest.raises(IntegrityViolated):
            decrypt(two.actor.practice_id, where, sealed)


def test_an_old_master_key_still_opens_what_it_wrapped() -> None:
    """The newest wraps, any unwraps, none else does."""
    old, new = b"o" * 32, b"n" * 32
    wrapped = MasterKeys([old]).wrap(b"data key", b"place")
    assert MasterKeys([new, old]).unwrap(wrapped, b"place") == b"data key"
    with pytest.raises(Unavailable):
        MasterKeys([new]).unwrap(wrapped, b"place")


def test_reading_decrypts_only_what_is_asked_for() -> None:
    """A record with one broken field can still be listed by the others."""
    doctor = a_user()
    patient = a_patient(doctor.actor, first_name="Ann")
    with in_house(doctor.actor):
        read = get_patient(doctor.actor, patient.id)
        read.last_name_enc = b"broken"
        assert read.first_name == "Ann"

"""What identifies people is ciphertext in the database, and bound to its place."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.crypto.columns import decrypt, encrypt
from app.crypto.envelope import place
from app.crypto.keyring import MasterKeys
from app.domain.errors import IntegrityViolated
from app.domain.patients import Address
from app.services.patients import get_patient
from deploy.local_postgres import LocalPostgres
from tests.builders import a_patient, a_user, in_house, signed_in

CANARIES = (
    "Canaryfirst",
    "Canarylast",
    "CANARY-77",
    "12175559876",
    "canary@mail.example",
    "Canary Street",
    "1933-03-03",
)


def test_s58_no_identifying_value_stands_in_the_database(app: Flask, postgres: LocalPostgres) -> None:
    """Every table, every column, as text."""
    a_patient(
        a_user().actor, first_name=CANARIES[0], last_name=CANARIES[1], mrn=CANARIES[2], phone="+12175559876",
        email=CANARIES[4], address=Address("1 Canary Street", "", "Canarytown", "IL", "62701"),
    )  # fmt: skip
    tables = postgres.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").split()
    rows = "\n".join(
        postgres.query(f"SELECT t::text, encode(t::text::bytea, 'escape') FROM {name} t") for name in tables
    )
    as_hex = [canary.encode().hex() for canary in CANARIES]
    assert len(tables) > 15
    assert [canary for canary in (*CANARIES, *as_hex) if canary in rows] == []


@pytest.mark.parametrize(
    "tampering",
    [
        "last_name_enc",
        "(SELECT first_name_enc FROM patients WHERE id = '{two}')",
        "set_byte(first_name_enc, 20, get_byte(first_name_enc, 20) # 1)",
        "'\\x00'",
    ],
)
def test_s59_a_value_that_was_moved_or_altered_does_not_open(
    client: FlaskClient, postgres: LocalPostgres, tampering: str
) -> None:
    """Reported as what it is, and nothing is shown."""
    doctor = a_user()
    one, two = a_patient(doctor.actor), a_patient(a_user().actor)
    moved = tampering.format(two=two.id)
    postgres.query(f"UPDATE patients SET first_name_enc = {moved} WHERE id = '{one.id}'")
    answer = client.get(f"/api/v1/patients/{one.id}/", headers=signed_in(client, doctor))
    assert (answer.status_code, answer.json["code"]) == (500, "integrity_error")


def test_s60_the_same_text_twice_is_different_ciphertext() -> None:
    """Fresh nonces."""
    doctor = a_user()
    where = place("t", "c", 1, doctor.actor.practice_id)
    with in_house(doctor.actor):
        sealed = {encrypt(doctor.actor.practice_id, where, b"same") for _ in range(1000)}
        assert len(sealed) == 1000
        assert {decrypt(doctor.actor.practice_id, where, envelope) for envelope in sealed} == {b"same"}


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
    with pytest.raises(IntegrityViolated):
        MasterKeys([new]).unwrap(wrapped, b"place")


def test_reading_decrypts_only_what_is_asked_for() -> None:
    """A record with one broken field can still be listed by the others."""
    doctor = a_user()
    patient = a_patient(doctor.actor, first_name="Ann")
    with in_house(doctor.actor):
        read = get_patient(doctor.actor, patient.id)
        read.last_name_enc = b"broken"
        assert read.first_name == "Ann"

"""Rotating keys: everything moves, nothing that people see changes, and a run that was killed is taken up."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.crypto.keyring import keyring
from app.domain.billing.entries import NewBillingEntry
from app.domain.patients import Address
from app.services.billing.entries import create_entry
from app.services.keys import rotation
from app.services.keys.rotation import SealedTable
from app.services.patients.records import get_patient, update_patient
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_body, a_patient, a_user, in_house, signed_in

_ON_OLD_KEY = (
    "SELECT count(*) FROM {table} WHERE practice_id = '{practice}' AND substr({column}, 2, 4) <> int4send({newest})"
)

_FILLED = {
    "billing_entries.notes_enc", "idempotency_keys.body_enc", "patients.address_enc", "patients.date_of_birth_enc",
    "patients.email_enc", "patients.first_name_enc", "patients.last_name_enc", "patients.mrn_enc",
    "patients.phone_enc", "users.email_enc", "users.first_name_enc", "users.last_name_enc",
}  # fmt: skip


@pytest.fixture
def doctor(client: FlaskClient) -> Person:
    """A provider whose practice has values in all that was there when rotation was built; the guards find the rest."""
    doctor = a_user()
    patient = a_patient(
        doctor.actor, phone="+12175550123", email="ann@mail.example", address=Address("1 St", "", "Town", "IL", "62701")
    )
    headers = signed_in(client, doctor) | {"Idempotency-Key": "kept"}
    assert client.post("/api/v1/ingestion/blood-pressure/", json=a_body(patient.id), headers=headers).status_code == 201
    _an_entry(doctor, patient.id)
    return doctor


def _an_entry(doctor: Person, patient_id: UUID) -> None:
    with in_house(doctor.actor):
        new = NewBillingEntry(
            patient_id=patient_id, cpt_code="99454", service_date=date(2026, 1, 2), duration_minutes=None,
            amount=Decimal(5), payer=None, icd10_codes=(), notes="seen",
        )  # fmt: skip
        create_entry(doctor.actor, new)


def _rotate(practice_id: UUID) -> None:
    """Rotate without the waits, which are for other processes."""
    with in_house():
        rotation.announce_data_key(practice_id)
        rotation.reencrypt(practice_id, lambda *_: None)
        rotation.drop_old_data_keys(practice_id)


def _left(postgres: LocalPostgres, practice_id: UUID, newest: int) -> dict[str, int]:
    places = [(table.name, column.name) for table in rotation.sealed_tables() for column in table.columns]
    return {
        f"{table}.{column}": int(postgres.query(
            _ON_OLD_KEY.format(table=table, column=column, practice=practice_id, newest=newest)
        ))
        for table, column in places
    }  # fmt: skip


def test_s61_every_value_moves_to_the_new_data_key(postgres: LocalPostgres, doctor: Person) -> None:
    """Of every table that holds any."""
    practice_id = doctor.actor.practice_id
    before = {place for place, count in _left(postgres, practice_id, newest=2).items() if count}
    assert before >= _FILLED
    _rotate(practice_id)
    assert not any(_left(postgres, practice_id, newest=2).values())
    assert (
        postgres.query(f"SELECT version FROM practice_keys WHERE practice_id = '{practice_id}' AND purpose = 'data'")
        == "2"
    )


def test_s61_what_is_read_stays_and_so_do_versions_and_clocks(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person
) -> None:
    """An ETag that somebody holds is still good."""
    headers = signed_in(client, doctor)
    listing = "/api/v1/patients/"
    state = f"SELECT version, updated_at FROM patients WHERE practice_id = '{doctor.actor.practice_id}'"
    before = client.get(listing, headers=headers).json, postgres.query(state)
    _rotate(doctor.actor.practice_id)
    assert (client.get(listing, headers=headers).json, postgres.query(state)) == before


def test_s61_a_kept_answer_is_given_again_after_a_rotation(client: FlaskClient, doctor: Person) -> None:
    """Answers kept for a repetition are health information too."""
    patient = a_patient(doctor.actor)
    headers = signed_in(client, doctor) | {"Idempotency-Key": "again"}
    body = a_body(patient.id)
    first = client.post("/api/v1/ingestion/blood-pressure/", json=body, headers=headers)
    _rotate(doctor.actor.practice_id)
    again = client.post("/api/v1/ingestion/blood-pressure/", json=body, headers=headers)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")


def test_s61_one_event_a_table_and_none_a_row(postgres: LocalPostgres, doctor: Person) -> None:
    """The trail is for what people did."""
    for _ in range(3):
        a_patient(doctor.actor)
    counted = f"SELECT count(*) FROM audit_events WHERE practice_id = '{doctor.actor.practice_id}' AND action {{}}"
    updates = postgres.query(counted.format("LIKE '%:update'"))
    _rotate(doctor.actor.practice_id)
    assert postgres.query(counted.format("LIKE '%:update'")) == updates
    filled = {place.partition(".")[0] for place in _FILLED}
    assert int(postgres.query(counted.format("= 'key:reencrypt'"))) == len(filled)


def test_s61_a_change_made_meanwhile_wins(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row was read by the rotation, changed by a nurse, and only then written by the rotation."""
    a_patient(doctor.actor)
    reseal = rotation._reseal

    def late(session: Session, table: SealedTable, row: Any, newest: int) -> bool | None:
        if table.name == "patients":
            monkeypatch.setattr(rotation, "_reseal", reseal)
            _change_elsewhere(doctor, row.id)
        return reseal(session, table, row, newest)

    monkeypatch.setattr(rotation, "_reseal", late)
    with in_house():
        rotation.announce_data_key(doctor.actor.practice_id)
        rotation.reencrypt(doctor.actor.practice_id, lambda *_: None)
    assert _first_names(client, doctor) == {"Changed", "Ann"}
    assert not any(_left(postgres, doctor.actor.practice_id, newest=2).values())


def _first_names(client: FlaskClient, doctor: Person) -> set[str]:
    listed = client.get("/api/v1/patients/", headers=signed_in(client, doctor)).json
    return {patient["first_name"] for patient in listed["results"]}


def _change_elsewhere(doctor: Person, patient_id: UUID) -> None:
    with in_house(doctor.actor):
        update_patient(doctor.actor, patient_id, {"first_name": "Changed"}, None)


def test_s61_a_killed_rotation_is_taken_up(postgres: LocalPostgres, doctor: Person) -> None:
    """No third key, and everything under the second."""
    with in_house():
        assert rotation.announce_data_key(doctor.actor.practice_id)
        assert not rotation.announce_data_key(doctor.actor.practice_id)
    _rotate(doctor.actor.practice_id)
    assert not any(_left(postgres, doctor.actor.practice_id, newest=2).values())


def test_s61_the_database_refuses_to_drop_a_key_that_is_needed(doctor: Person) -> None:
    """Whatever the program believes."""
    with in_house():
        rotation.announce_data_key(doctor.actor.practice_id)
        with pytest.raises(DBAPIError, match="still needed by"):
            rotation.drop_old_data_keys(doctor.actor.practice_id)


def test_s61_a_damaged_value_keeps_its_key(postgres: LocalPostgres, doctor: Person) -> None:
    """It may have been moved, and open where it came from."""
    patient = a_patient(doctor.actor)
    postgres.query(f"UPDATE patients SET first_name_enc = last_name_enc WHERE id = '{patient.id}'")
    with pytest.raises(DBAPIError, match=r"still needed by patients\.first_name_enc"):
        _rotate(doctor.actor.practice_id)


def test_an_old_process_reads_what_a_new_key_sealed(app: Flask, doctor: Person) -> None:
    """A version it does not know makes it read the keys again, before the minute is over."""
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor):
        stale = keyring.practice(doctor.actor.practice_id)
    _rotate(doctor.actor.practice_id)
    keyring._practices[doctor.actor.practice_id] = stale
    with in_house(doctor.actor):
        assert get_patient(doctor.actor, patient.id).first_name == "Ann"


def test_the_other_practices_keep_their_keys(postgres: LocalPostgres, doctor: Person) -> None:
    """A rotation is of one practice."""
    other = a_user()
    _rotate(doctor.actor.practice_id)
    assert _left(postgres, other.actor.practice_id, newest=1)["users.email_enc"] == 0

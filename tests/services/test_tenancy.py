"""Practices do not see each other: by id, by search, by SQL."""

from itertools import product

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.models import Patient
from deploy.local_postgres import LocalPostgres
from tests.builders import a_device, a_patient, a_user, in_house, signed_in

RANDOM = "01a20af7-0000-7000-8000-000000000000"


@pytest.mark.parametrize("verb", ["assign", "unassign", "swap"])
def test_s25_another_practices_device_changes_no_hands(client: FlaskClient, verb: str) -> None:
    """Not found, as a random one is, whatever else the body says."""
    owner, stranger = a_user(), a_user()
    patient, device = a_patient(owner.actor), a_device(owner.actor, a_patient(owner.actor).id)
    own_patient, own_device = a_patient(stranger.actor), a_device(stranger.actor)
    body = {
        "assign": {"patient_id": str(own_patient.id)},
        "unassign": {"reason": "x"},
        "swap": {"reason": "x", "new_device_id": str(own_device.id)},
    }[verb]
    headers = signed_in(client, stranger)
    urls = [f"/api/v1/devices/{key}/{verb}/" for key in (device.id, RANDOM)]
    answers = [client.post(url, json=body, headers=headers) for url in urls]
    assert [(answer.status_code, answer.json) for answer in answers] == [(404, answers[1].json)] * 2
    assert client.get(f"/api/v1/devices/?patient_id={patient.id}", headers=headers).json["count"] == 0


@pytest.mark.parametrize("setting", ["", "00000000-0000-0000-0000-000000000000", None])
def test_s33_row_security_fails_closed(app: Flask, postgres: LocalPostgres, setting: str | None) -> None:
    """No practice, no rows."""
    a_patient(a_user().actor)
    with psycopg.connect(postgres.app_url()) as connection:
        if setting is not None:
            connection.execute("SELECT set_config('app.practice_id', %s, true)", [setting])
        counted = [connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("patients", "users")]
    assert counted == [(0,), (0,)]


def test_s33_a_garbled_setting_is_an_error_and_never_all_rows(app: Flask, postgres: LocalPostgres) -> None:
    """Not a uuid."""
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', 'all', true)")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("SELECT count(*) FROM patients")


def test_a_row_cannot_be_written_for_another_practice(app: Flask, postgres: LocalPostgres) -> None:
    """WITH CHECK."""
    mine, other = a_user(), a_user()
    insertion = "INSERT INTO emr_connections (practice_id, base_url, is_active) VALUES (%s, 'x', true)"
    with psycopg.connect(postgres.app_url()) as connection:
        connection.execute("SELECT set_config('app.practice_id', %s, true)", [str(mine.actor.practice_id)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(insertion, [other.actor.practice_id])


def test_s34_requests_of_two_practices_never_mix(app: Flask, client: FlaskClient) -> None:
    """Interleaved on one client, refusals among them."""
    people = [a_user() for _ in range(2)]
    names = [f"Only{number}" for number in range(2)]
    for person, name in zip(people, names, strict=True):
        a_patient(person.actor, last_name=name)
    headers = [signed_in(client, person) for person in people]
    for _, turn in product(range(25), range(2)):
        seen = client.get("/api/v1/patients/?search=only", headers=headers[turn]).json["results"]
        client.post("/api/v1/patients/", json={}, headers=headers[1 - turn])
        assert [patient["last_name"] for patient in seen] == [names[turn]]


def test_without_a_practice_the_orm_sees_nobody(app: Flask) -> None:
    """Even a query that forgot its WHERE."""
    a_patient(a_user().actor)
    with in_house():
        assert db.session.scalars(select(Patient)).all() == []

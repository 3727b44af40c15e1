"""How many SQL statements a request costs: exact numbers, and none that grows with the rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.extensions import db
from tests.builders import Person, a_body, a_patient, a_reading, a_user, in_house, signed_in


@contextmanager
def _counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    with in_house():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def _fill(person: Person, patients: int) -> None:
    for _ in range(patients):
        a_reading(person.actor, a_patient(person.actor).id, 150)


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/api/v1/patients/", 5),
        ("/api/v1/patients/?search=exam", 5),
        ("/api/v1/patients/?ordering=last_name", 5),
        ("/api/v1/triage/patients/", 5),
        ("/api/v1/triage/patients/stats/", 5),
    ],
)
def test_a_list_costs_the_same_for_two_patients_as_for_twelve(
    app: Flask, client: FlaskClient, url: str, count: int
) -> None:
    """Tenant, session, two of its own, audit."""
    doctor = a_user()
    headers = signed_in(client, doctor)
    _fill(doctor, 2)
    client.get(url, headers=headers)  # what is kept between requests is kept from here on
    with _counted() as few:
        client.get(url, headers=headers)
    _fill(doctor, 10)
    client.get(url, headers=headers)
    with _counted() as many:
        client.get(url, headers=headers)
    assert (len(few), len(many)) == (count, count)


def test_a_reading_costs_six_statements_and_two_more_with_an_alert(client: FlaskClient) -> None:
    """Tenant, session, patient with summary, reading, summary, audit; alert and change of level."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id)
    headers = signed_in(client, doctor)
    url = "/api/v1/ingestion/blood-pressure/"
    with _counted() as plain:
        client.post(url, json=a_body(patient.id), headers=headers)
    with _counted() as alerting:
        client.post(url, json=a_body(patient.id, systolic=150), headers=headers)
    assert (len(plain), len(alerting)) == (6, 8)


def test_s11_a_refused_login_runs_the_same_statements_whoever_is_asked_for(client: FlaskClient) -> None:
    """Up to the fifth failure, which locks, and the sixth: the database sees no difference."""
    known = a_user().email
    runs = []
    for email in (known, f"un{known}"):
        with _counted() as statements:
            for _ in range(6):
                client.post("/api/v1/auth/login/", json={"email": email, "password": "wrong"})
        runs.append(statements)
    assert runs[0] == runs[1]


def test_a_login_costs_ten_statements(client: FlaskClient) -> None:
    """Counter made and locked, account, practice, counter cleared; then the session with its token and its event."""
    person = a_user()
    signed_in(client, person)
    with _counted() as statements:
        signed_in(client, person)
    assert len(statements) == 10

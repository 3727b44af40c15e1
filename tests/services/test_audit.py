"""The trail: complete, atomic with the data, and not to be changed."""

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, text

from app.audit import events
from app.audit.hook import end_with
from app.database.statements import Statement, send_later
from app.domain.errors import Unavailable
from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent, Patient
from app.services.patients.records import get_patient, update_patient
from app.services.transaction import transaction
from deploy.local_postgres import LocalPostgres
from tests.builders import Person, a_body, a_patient, a_user, in_house, signed_in

_ONE = Statement(text("SELECT 1 AS one"))


def _events(person: Person, action: str) -> list[AuditEvent]:
    with in_house(person.actor):
        return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)))


def test_s44_an_event_says_who_when_what_whose_from_where_and_how_it_went(client: FlaskClient) -> None:
    """Of a read; ids only."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    headers = signed_in(client, doctor)
    answer = client.get(f"/api/v1/patients/{patient.id}/", headers=headers)
    event = _events(doctor, "patient:read")[0]
    assert (event.user_id, event.patient_id, event.outcome, str(event.ip)) == (
        doctor.actor.user_id, patient.id, "success", "127.0.0.1",
    )  # fmt: skip
    assert (event.request_id, event.at.tzinfo is not None, event.xid is not None) == (
        answer.headers["X-Request-Id"], True, True,
    )  # fmt: skip


@pytest.mark.parametrize("wrote", ["a change", "an event", "a write that was kept back"])
def test_a_question_that_commits_refuses_to_leave_behind_what_was_written(wrote: str) -> None:
    """COMMIT would go without it. With nothing written it answers, and the transaction is over."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor):
        with transaction() as session:
            assert end_with(session, _ONE, {})[0].one == 1
        with transaction() as session:
            if wrote == "a change":
                session.get_one(Patient, patient.id).is_active = False
            elif wrote == "an event":
                events.record(session, "patient:read", "patient")
            else:
                send_later(session, (_ONE, {}))
            with pytest.raises(RuntimeError, match="use case"):
                end_with(session, _ONE, {})
            session.rollback()


def test_a_change_names_its_fields_and_never_their_values() -> None:
    """Names of encrypted columns are the plain ones."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor):
        update_patient(doctor.actor, patient.id, {"first_name": "Canary", "email": "canary@x.example"}, None)
    event = _events(doctor, "patient:update")[0]
    assert event.fields == ["email", "first_name"]


def test_writing_the_same_value_again_is_no_change() -> None:
    """Although it would encrypt to other bytes."""
    doctor = a_user()
    patient = a_patient(doctor.actor, first_name="Same")
    with in_house(doctor.actor):
        update_patient(doctor.actor, patient.id, {"first_name": "Same"}, None)
    assert _events(doctor, "patient:update") == []


def test_a_list_names_everybody_it_showed(client: FlaskClient) -> None:
    """So that each patient's access log can be drawn up."""
    doctor = a_user()
    patients = {a_patient(doctor.actor).id for _ in range(3)}
    client.get("/api/v1/patients/", headers=signed_in(client, doctor))
    assert set(_events(doctor, "patient:list")[0].subject_ids) == patients


@pytest.mark.parametrize(
    ("method", "url", "role", "code"),
    [
        ("GET", "/api/v1/patients/01a20af7-0000-7000-8000-000000000000/", Role.NURSE, "not_found"),
        ("GET", "/api/v1/billing/entries/", Role.NURSE, "permission_denied"),
        ("POST", "/api/v1/patients/", Role.NURSE, "validation_error"),
    ],
)
def test_s44_a_refused_request_is_recorded_too(
    client: FlaskClient, method: str, url: str, role: Role, code: str
) -> None:
    """With the reason."""
    person = a_user(role=role)
    client.open(url, method=method, json={}, headers=signed_in(client, person))
    with in_house(person.actor):
        refused = db.session.scalars(select(AuditEvent).where(AuditEvent.outcome == "refused")).all()
    assert [(event.reason, event.user_id) for event in refused] == [(code, person.actor.user_id)]


def test_s44_failed_logins_are_recorded(client: FlaskClient) -> None:
    """In the account's own practice."""
    person = a_user()
    client.post("/api/v1/auth/login/", json={"email": person.email, "password": "wrong"})
    assert [event.outcome for event in _events(person, "auth:login")] == ["refused"]


def test_nothing_is_recorded_of_what_was_rolled_back() -> None:
    """The trail and the data agree."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor), pytest.raises(RuntimeError, match="boom"):
        _change_and_fail(patient.id)
    assert _events(doctor, "patient:update") == []


def _change_and_fail(patient_id: object) -> None:
    with transaction() as session:
        session.get_one(Patient, patient_id).gender = "other"
        session.flush()
        raise RuntimeError("boom")


def test_s46_what_cannot_be_recorded_is_not_done(app: Flask, client: FlaskClient, postgres: LocalPostgres) -> None:
    """No trail, no health information: 503."""
    doctor = a_user()
    patient = a_patient(doctor.actor, first_name="Canary")
    headers = signed_in(client, doctor)
    postgres.query("REVOKE INSERT ON audit_events FROM vantrexia_app")
    try:
        answer = client.get(f"/api/v1/patients/{patient.id}/", headers=headers)
        stored = client.post("/api/v1/ingestion/blood-pressure/", json=a_body(patient.id), headers=headers)
    finally:
        postgres.query("GRANT INSERT ON audit_events TO vantrexia_app")
    assert (answer.status_code, "Canary" in answer.text, stored.status_code) == (503, False, 503)
    assert client.get("/api/v1/triage/patients/?risk_level=no_data", headers=headers).json["count"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET outcome = 'x'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DROP TABLE audit_events",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "SELECT * FROM audit_events_default",
    ],
)
def test_s47_the_application_cannot_alter_the_trail(app: Flask, postgres: LocalPostgres, statement: str) -> None:
    """Permission denied, or owner only."""
    with psycopg.connect(postgres.app_url()) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_not_even_the_owner_updates_the_trail_by_accident(app: Flask, postgres: LocalPostgres) -> None:
    """The trigger is the second belt."""
    a_user()
    with (
        psycopg.connect(postgres.superuser_dsn("vantrexia")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        connection.execute("UPDATE audit_events SET outcome = 'x'")


def test_bulk_writes_that_would_skip_the_trail_are_refused() -> None:
    """By the session itself."""
    doctor = a_user()
    with in_house(doctor.actor), pytest.raises(RuntimeError, match="audit"):
        db.session.execute(insert(Patient), [{"first_name_enc": b""}])
    with in_house(doctor.actor), pytest.raises(RuntimeError, match="audit"):
        db.session.bulk_save_objects([])


def test_reading_needs_no_second_look_when_the_trail_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service raises before it returns anything."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    monkeypatch.setattr("app.audit.hook.events.commit_recorded", _down)
    with in_house(doctor.actor), pytest.raises(Unavailable):
        get_patient(doctor.actor, patient.id)


def _down(_session: object) -> None:
    raise Unavailable

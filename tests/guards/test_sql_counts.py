"""How many SQL statements a request costs: exact numbers, and none that grows with the rows."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.gateways.applying import apply_delivery
from bench.statements import Counted, counting
from tests.admin.visits import enter
from tests.builders import Person, a_body, a_device, a_patient, a_reading, a_user, signed_in
from tests.inbox import a_gateway, an_event, deliver, deliveries, in_house


def _fill(person: Person, patients: int) -> None:
    for _ in range(patients):
        patient = a_patient(person.actor)
        a_reading(person.actor, patient.id, 150)
        a_device(person.actor, patient.id)


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/api/v1/patients/", Counted(statements=4, round_trips=3)),
        ("/api/v1/patients/?search=exam", Counted(5, 4)),
        ("/api/v1/patients/?ordering=last_name", Counted(5, 4)),
        ("/api/v1/triage/patients/", Counted(5, 4)),
        ("/api/v1/triage/patients/stats/", Counted(4, 3)),
        ("/api/v1/triage/alerts/", Counted(6, 5)),
        ("/api/v1/triage/audit/", Counted(6, 5)),
        ("/api/v1/devices/", Counted(5, 4)),
        ("/api/v1/devices/?silent_days=1&low_battery=false&search=SN", Counted(5, 4)),
    ],
)
def test_a_list_costs_the_same_for_two_patients_as_for_twelve(
    app: Flask, client: FlaskClient, url: str, count: Counted
) -> None:
    """Tenant and session together, one or two of its own, audit and COMMIT together."""
    doctor = a_user()
    headers = signed_in(client, doctor)
    _fill(doctor, 2)
    client.get(url, headers=headers)  # what is kept between requests is kept from here on
    with counting() as few:
        client.get(url, headers=headers)
    _fill(doctor, 10)
    client.get(url, headers=headers)
    with counting() as many:
        client.get(url, headers=headers)
    assert (few, many) == (count, count)


def test_the_console_board_costs_the_same_for_two_patients_as_for_twelve(app: Flask) -> None:
    """Page, counts, small lines: one statement for each, however many rows there are."""
    doctor = a_user()
    visitor = app.test_client()
    enter(visitor, doctor)
    counts = []
    for more in (2, 10):
        _fill(doctor, more)
        visitor.get("/admin/")
        with counting() as counted:
            assert visitor.get("/admin/").text.count("polyline") == 0
        counts.append(counted)
    assert counts[0] == counts[1]


def test_a_reading_costs_eight_statements_in_three_round_trips(client: FlaskClient) -> None:
    """Tenant, session | lock, facts, open alerts | reading, summary, audit, COMMIT.

    With an alert: the alert, its occurrence, the change of level, its event. A repeat changes the alert and costs the
    same but for the level. Whose a device is stands among the facts.
    """
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id)
    headers = signed_in(client, doctor)
    url = "/api/v1/ingestion/blood-pressure/"
    with counting() as plain:
        client.post(url, json=a_body(patient.id), headers=headers)
    device = a_device(doctor.actor, patient.id, datetime.now(UTC) - timedelta(days=1))
    with counting() as alerting:
        client.post(url, json=a_body(patient.id, systolic=150, device_id=device.serial), headers=headers)
    with counting() as repeating:
        client.post(url, json=a_body(patient.id, systolic=151), headers=headers)
    assert (plain, alerting, repeating) == (Counted(8, 3), Counted(12, 3), Counted(11, 3))


def test_a_batch_costs_the_same_for_two_readings_as_for_sixty_of_ten_patients(client: FlaskClient) -> None:
    """Tenant, session | lock, patients, devices, known | plans, readings, alerts, levels, board, audit, COMMIT."""
    counts = []
    for patients, each in ((1, 2), (10, 6)):
        doctor = a_user()
        headers = signed_in(client, doctor)
        ids = [a_patient(doctor.actor).id for _ in range(patients)]
        warm = a_body(ids[0], observation_type="blood_pressure")
        bodies = [a_body(one, systolic=150, observation_type="blood_pressure") for one in ids for _ in range(each)]
        client.post("/api/v1/ingestion/batch/", json={"readings": [warm]}, headers=headers)
        with counting() as counted:
            answer = client.post("/api/v1/ingestion/batch/", json={"readings": bodies}, headers=headers)
        assert answer.json["created"] == patients * each
        counts.append(counted)
    assert counts == [Counted(14, 3)] * 2


def test_s11_a_refused_login_runs_the_same_statements_whoever_is_asked_for(client: FlaskClient) -> None:
    """Up to the fifth failure, which locks, and the sixth: the database sees no difference."""
    known = a_user().email
    runs = []
    for email in (known, f"un{known}"):
        with counting() as counted:
            for _ in range(6):
                client.post("/api/v1/auth/login/", json={"email": email, "password": "wrong"})
        runs.append((counted, counted.texts))
    assert runs[0] == runs[1]


def test_a_login_costs_ten_statements(client: FlaskClient) -> None:
    """Counter made and locked, account, practice, counter cleared; then the session with its token and its event."""
    person = a_user()
    signed_in(client, person)
    with counting() as counted:
        signed_in(client, person)
    assert counted.statements == 10


def test_opening_and_creating_a_record_cost_the_same_however_many_there_are(client: FlaskClient) -> None:
    """Opening: the record and its payers. Creating: lock, look-up, number, record, names, board."""
    doctor = a_user()
    headers = signed_in(client, doctor)
    url = f"/api/v1/patients/{a_patient(doctor.actor).id}/"

    def create(name: str) -> None:
        body = {"first_name": name, "last_name": "New", "date_of_birth": "1950-01-01", "gender": "female"}
        assert client.post("/api/v1/patients/", json=body, headers=headers).status_code == 201

    counts = []
    for name in ("Ann", "Bea"):
        create(name)
        client.get(url, headers=headers)
        with counting() as opened:
            client.get(url, headers=headers)
        with counting() as created:
            create(f"{name}bel")
        counts.append((opened, created))
        _fill(doctor, 5)
    assert counts == [(Counted(5, 4), Counted(11, 9))] * 2


def test_a_webhook_costs_seven_statements_and_its_job_twenty_five(
    client: FlaskClient,
) -> None:
    """Taking in: tenant, integration's id, integration, practice | job | delivery, audit, COMMIT.

    Applying costs far more than a reading posted to the API: one statement at a time, not yet gathered.
    """
    doctor = a_user(role=Role.ADMIN)
    device = a_device(doctor.actor, a_patient(doctor.actor).id, datetime.now(UTC) - timedelta(days=1))
    gateway = a_gateway(doctor)
    counts = []
    for _ in range(3):
        body = an_event(str(device.serial))
        with counting() as told:
            assert deliver(client, gateway, body).status_code == 200
        delivery = deliveries(doctor)[-1]
        with in_house(), counting() as applied:
            apply_delivery(doctor.actor.practice_id, delivery.id)
        counts.append((told, applied))
    assert counts[1] == counts[2] == (Counted(7, 5), Counted(25, 21))

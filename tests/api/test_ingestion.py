"""Readings coming in, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.models import EmrConnection
from app.services.patients.records import archive_patient
from app.services.transaction import transaction
from tests.builders import a_body, a_patient, a_practice, a_user, in_house, signed_in

URL = "/api/v1/ingestion/blood-pressure/"


def _patient_and_headers(client: FlaskClient) -> tuple[Any, dict[str, str]]:
    doctor = a_user()
    return a_patient(doctor.actor).id, signed_in(client, doctor)


def test_a_high_reading_answers_as_documented(client: FlaskClient) -> None:
    """Field for field, in the documented wording."""
    patient_id, headers = _patient_and_headers(client)
    body = a_body(
        patient_id, systolic=142, diastolic=92, pulse=78, device_id="cuff-1", measured_at="2026-01-10T09:30:00-05:00"
    )
    answer = client.post(URL, json=body, headers=headers)
    assert answer.status_code == 201
    assert answer.json == {
        **body, "id": answer.json["id"], "created_at": answer.json["created_at"], "measured_at": "2026-01-10T14:30:00Z",
        "observation_type": "blood_pressure", "fhir_status": "not_configured", "alert_triggered": True,
        "alert_details": {"level": "warning", "message": "Systolic BP 142 exceeds threshold of 140 mmHg"},
    }  # fmt: skip


def test_a_normal_reading_alerts_nobody(client: FlaskClient) -> None:
    """False and null."""
    patient_id, headers = _patient_and_headers(client)
    answer = client.post(URL, json=a_body(patient_id), headers=headers).json
    assert (answer["alert_triggered"], answer["alert_details"]) == (False, None)


def test_numbers_keep_the_decimals_they_came_with(client: FlaskClient) -> None:
    """120.50 does not become 120.5."""
    patient_id, headers = _patient_and_headers(client)
    sent = client.post(
        URL, data=f'{{"patient_id":"{patient_id}","systolic":120.50,"diastolic":80,"measured_at":"2026-01-10T09:30Z"}}',
        content_type="application/json", headers=headers,
    )  # fmt: skip
    again = client.get(f"/api/v1/fhir/observations/{sent.json['id']}/", headers=headers)
    assert '"systolic":120.50,' in sent.text
    assert '"value":120.50,' in again.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("systolic", "142"), ("systolic", True), ("systolic", None), ("systolic", 59), ("systolic", 301),
        ("systolic", 2**62), ("systolic", 142.00001), ("systolic", [142]), ("diastolic", 29), ("diastolic", 201),
        ("diastolic", None), ("pulse", 29), ("pulse", 251), ("patient_id", "x"), ("device_id", 5),
        ("device_id", "\x00"), ("device_id", "d" * 65), ("measured_at", "2026-01-10T14:30:00"),
        ("measured_at", "2026-01-10"),
        ("measured_at", 1768055400), ("measured_at", "1899-12-31T23:59:59Z"), ("measured_at", "2026-13-01T00:00:00Z"),
        ("weight_kg", 80), ("practice_id", "x"), ("systolic_absent_reason", "unknown"),
    ],
)  # fmt: skip
def test_s35_a_bad_field_is_refused_by_name(client: FlaskClient, field: str, value: object) -> None:
    """400, the field, nothing else."""
    patient_id, headers = _patient_and_headers(client)
    answer = client.post(URL, json=a_body(patient_id, **{field: value}), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "validation_error")
    assert field in answer.json["field_errors"] or "body" in answer.json["detail"] or "number" in answer.json["detail"]


@pytest.mark.parametrize("field", ["patient_id", "systolic", "diastolic", "measured_at"])
def test_a_missing_field_is_named(client: FlaskClient, field: str) -> None:
    """Pulse and device are optional, these are not."""
    patient_id, headers = _patient_and_headers(client)
    body = {name: value for name, value in a_body(patient_id).items() if name != field}
    answer = client.post(URL, json=body, headers=headers)
    assert answer.json["field_errors"] == {
        field: ["This field is required."] if "olic" in field else ["Missing data for required field."]
    }


@pytest.mark.parametrize(("systolic", "status"), [(60, 201), (300, 201)])
def test_the_limits_themselves_are_accepted(client: FlaskClient, systolic: int, status: int) -> None:
    """Inclusive on both ends."""
    patient_id, headers = _patient_and_headers(client)
    assert client.post(URL, json=a_body(patient_id, systolic=systolic), headers=headers).status_code == status


def test_a_reading_from_the_future_is_refused(client: FlaskClient) -> None:
    """More than five minutes ahead of us."""
    patient_id, headers = _patient_and_headers(client)
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    answer = client.post(URL, json=a_body(patient_id, measured_at=ahead), headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["measured_at"])


def test_a_second_delivery_answers_200_with_the_first_reading(client: FlaskClient) -> None:
    """Alert and all, and no second alert."""
    patient_id, headers = _patient_and_headers(client)
    body = a_body(patient_id, systolic=150, device_id="cuff-1")
    first, second = (client.post(URL, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert client.get("/api/v1/triage/patients/", headers=headers).json["results"][0]["unacknowledged_alerts"] == 1


def test_s71_parallel_deliveries_store_one_reading(app: Flask, client: FlaskClient) -> None:
    """64 at once: one is new, all name the same id."""
    patient_id, headers = _patient_and_headers(client)
    body = a_body(patient_id, systolic=150, device_id="cuff-1")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: app.test_client().post(URL, json=body, headers=headers), range(64)))
    assert sorted(answer.status_code for answer in answers) == [200] * 63 + [201]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_another_practices_patient_is_not_found_just_like_a_random_id(client: FlaskClient) -> None:
    """404 with the same body."""
    foreign = a_patient(a_user().actor).id
    headers = signed_in(client, a_user())
    answers = [
        client.post(URL, json=a_body(patient), headers=headers)
        for patient in (foreign, "01a20af7-0000-7000-8000-000000000000")
    ]
    assert [(answer.status_code, answer.json) for answer in answers] == [
        (404, {"detail": "Not found.", "code": "not_found"})
    ] * 2


def test_an_archived_patient_takes_no_readings(client: FlaskClient) -> None:
    """409 with its own code."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor):
        archive_patient(doctor.actor, patient.id, "moved", None)
    answer = client.post(URL, json=a_body(patient.id), headers=signed_in(client, doctor))
    assert (answer.status_code, answer.json["code"]) == (409, "patient_archived")


def test_with_an_emr_connection_a_reading_is_pending(client: FlaskClient) -> None:
    """Without one it is not_configured."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    with in_house(doctor.actor), transaction() as session:
        session.add(
            EmrConnection(practice_id=doctor.actor.practice_id, base_url="https://emr.example/fhir", is_active=True)
        )
    answer = client.post(URL, json=a_body(patient.id), headers=signed_in(client, doctor))
    assert answer.json["fhir_status"] == "pending"


def test_an_older_reading_does_not_replace_the_latest_on_the_board(client: FlaskClient) -> None:
    """Measured earlier, delivered later."""
    patient_id, headers = _patient_and_headers(client)
    client.post(URL, json=a_body(patient_id, systolic=118), headers=headers)
    client.post(URL, json=a_body(patient_id, systolic=131, measured_at="2026-01-10T09:30:00Z"), headers=headers)
    line = client.get("/api/v1/triage/patients/", headers=headers).json["results"][0]
    assert line["latest_vitals"]["blood_pressure"]["systolic"] == 118


def test_a_patient_user_submits_for_themselves_only(client: FlaskClient) -> None:
    """Another patient of the same practice is not found."""
    practice = a_practice()
    nurse = a_user(practice, Role.NURSE)
    own, other = a_patient(nurse.actor), a_patient(nurse.actor)
    headers = signed_in(client, a_user(practice, Role.PATIENT, patient_id=own.id))
    statuses = [client.post(URL, json=a_body(patient.id), headers=headers).status_code for patient in (own, other)]
    assert statuses == [201, 404]

"""The story of a month, from the papers: a cuff, sixteen days of readings, a call, the lines they earn, their proof."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from app.crypto.packet_verify import verify_packet
from app.domain.roles import Role
from tests.billing import closed_period, days_from
from tests.builders import Person, a_practice, a_user, signed_in
from tests.enrolment import consent_body, enrollment_body, order_body

START, API = closed_period(), "/api/v1/"
FIRST = str(START)


def test_a_month_from_consent_and_order_to_three_lines_and_their_proof(client: FlaskClient) -> None:
    """Everything over HTTP; the packets are verified by the program that knows nothing of the application."""
    practice = a_practice()
    provider, biller = a_user(practice), a_user(practice, Role.BILLING_MANAGER)
    patient = _enrolled(client, provider)
    readings = _sixteen_days(client, provider, patient)
    call = _called(client, provider, patient)

    run = _post(client, biller, "billing/generate/")
    lines = client.get(f"{API}billing/entries/?patient_id={patient}", headers=signed_in(client, biller)).json["results"]
    billed = {line["cpt_code"]: line for line in lines}
    assert (run["entered"], set(billed)) == (len(lines), {"99453", "99454", "99457"})
    assert all((line["status"], line["auto_generated"]) == ("pending", True) for line in lines)
    assert _post(client, biller, "billing/generate/")["entered"] == 0

    supply = _evidence(client, biller, billed["99454"])
    assert [day["date"] for day in supply["days"]] == [str(day) for day in days_from(START, 16)]
    assert [day["reading_id"] for day in supply["days"]] == readings
    assert [one["device_serial"] for one in supply["assignments"]] == ["MONTH-1"]
    care = _evidence(client, biller, billed["99457"])
    assert [one["id"] for one in care["time_entries"]] == [call]
    assert _evidence(client, biller, billed["99453"])["line"]["cpt_code"] == "99453"

    sent = _post(client, biller, f"billing/entries/{billed['99454']['id']}/submit/")
    assert sent["status"] == "submitted"
    assert _post(client, biller, "billing/generate/")["impacts"] == 0


def _enrolled(client: FlaskClient, provider: Person) -> str:
    person = {"first_name": "Mona", "last_name": "Month", "date_of_birth": "1950-02-01", "gender": "female"}
    patient = _post(client, provider, "patients/", timezone="America/New_York", **person)["id"]
    chart = f"patients/{patient}/"
    _post(client, provider, f"{chart}consents/", **consent_body(obtained_on=FIRST))
    _post(client, provider, f"{chart}orders/", **order_body(ordered_on=FIRST, starts_on=FIRST))
    enrolment = enrollment_body(starts_on=FIRST, initiating_visit_on=FIRST, diagnosis_codes=["I10"])
    _post(client, provider, f"{chart}enrollments/", **enrolment)
    device = _post(client, provider, "devices/", model="and-ua-651ble", serial="MONTH-1")["id"]
    _post(client, provider, f"devices/{device}/assign/", patient_id=patient, **{"from": _noon(0).isoformat()})
    _post(client, provider, f"{chart}billing-circumstances/", kind="setup_training", starts_on=FIRST)
    return str(patient)


def _sixteen_days(client: FlaskClient, provider: Person, patient: str) -> list[str]:
    readings = [
        {
            "observation_type": "blood_pressure", "patient_id": patient, "systolic": 128, "diastolic": 79,
            "measured_at": (_noon(day) + timedelta(hours=3)).isoformat(), "device_id": "MONTH-1",
        }
        for day in range(16)
    ]  # fmt: skip
    stored = _post(client, provider, "ingestion/batch/", readings=readings)
    assert (stored["created"], stored["errors"]) == (16, 0)
    return [one["id"] for one in stored["results"]]


def _called(client: FlaskClient, provider: Person, patient: str) -> str:
    call = {
        "patient_id": patient, "program": "RPM", "activity": "patient_contact", "mode": "phone", "is_interactive": True,
        "started_at": _noon(5).isoformat(), "ended_at": (_noon(5) + timedelta(minutes=20)).isoformat(),
        "note": "Went through two weeks of values.",
    }  # fmt: skip
    return str(_post(client, provider, "billing/time-logs/", **call)["id"])


def _evidence(client: FlaskClient, biller: Person, line: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"{API}billing/entries/{line['id']}/evidence/", headers=signed_in(client, biller))
    assert answer.status_code == 200, answer.text
    return dict(verify_packet(answer.data).manifest)


def _post(client: FlaskClient, person: Person, path: str, /, **body: Any) -> dict[str, Any]:
    answer = client.post(API + path, json=body, headers=signed_in(client, person))
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json or {})


def _noon(day: int) -> datetime:
    return datetime(START.year, START.month, START.day, 12, tzinfo=UTC) + timedelta(days=day)

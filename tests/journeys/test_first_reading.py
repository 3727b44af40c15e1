"""The walk: one reading through every room of the house."""

from flask.testing import FlaskClient
from sqlalchemy import select

from app.extensions import db
from app.models import AuditEvent
from tests.builders import Person, a_body, a_patient, a_user, in_house, signed_in


def _actions(person: Person) -> set[str]:
    with in_house(person.actor):
        return set(db.session.scalars(select(AuditEvent.action)))


def test_a_high_reading_travels_from_the_post_to_the_board_to_fhir_and_leaves_its_trace(client: FlaskClient) -> None:
    """Log in, find the patient, post, see the board, read it back as FHIR, find it all in the audit trail."""
    doctor = a_user()
    a_patient(doctor.actor, first_name="Jane", last_name="Doe")
    headers = signed_in(client, doctor)
    found = client.get("/api/v1/patients/?search=doe", headers=headers).json["results"][0]
    reading = client.post(
        "/api/v1/ingestion/blood-pressure/", json=a_body(found["id"], systolic=185), headers=headers
    ).json
    line = client.get("/api/v1/triage/patients/?risk_level=critical", headers=headers).json["results"][0]
    stats = client.get("/api/v1/triage/patients/stats/", headers=headers).json
    resource = client.get(f"/api/v1/fhir/observations/{reading['id']}/", headers=headers).json
    assert (reading["alert_details"]["level"], line["patient_name"], line["unacknowledged_alerts"]) == (
        "critical", "Jane Doe", 1,
    )  # fmt: skip
    assert stats["critical"] == {"count": 1, "previous": 0, "trend": "increasing"}
    assert resource["subject"] == {"reference": f"Patient/{found['id']}", "display": "Jane Doe"}
    assert _actions(doctor) >= {
        "auth:login", "patient:search", "observation:create", "alert:create", "triage:list", "triage:stats",
        "observation:read",
    }  # fmt: skip

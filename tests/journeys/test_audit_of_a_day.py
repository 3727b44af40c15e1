"""S44: a day's work, and every step of it in the trail."""

from typing import Any

from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import PASSWORD, a_body, a_patient, a_user, signed_in

API = "/api/v1"
_NEW = {"first_name": "New", "last_name": "Patient", "date_of_birth": "1960-01-02", "gender": "female"}


def test_s44_each_step_of_a_day_leaves_its_event(client: FlaskClient) -> None:
    """Sign-in and failure, read, list, search, create, change, archive, export, refusal, privilege change, log-out."""
    admin = a_user(role=Role.ADMIN)
    patient = a_patient(admin.actor)
    a_user(admin.actor.practice_id, Role.NURSE)
    client.post(f"{API}/auth/login/", json={"email": admin.email, "password": f"{PASSWORD}?"})
    headers = signed_in(client, admin)
    for method, path, body in _a_day(patient.id):
        client.open(f"{API}{path}", method=method, json=body, headers=headers)
    events = client.get(f"{API}/audit/events/?page_size=100", headers=headers).json["results"]
    told = {(event["action"], event["outcome"]) for event in events}
    assert _EXPECTED - told == set()
    assert all(event["request_id"] and event["ip"] and event["at"].endswith("Z") for event in events if event["ip"])


def _a_day(patient_id: object) -> list[tuple[str, str, Any]]:
    return [
        ("GET", f"/patients/{patient_id}/", None),
        ("GET", "/patients/", None),
        ("GET", "/patients/?search=exam", None),
        ("POST", "/patients/", _NEW),
        ("PATCH", f"/patients/{patient_id}/", {"phone": "+12175550199"}),
        ("POST", "/ingestion/blood-pressure/", a_body(patient_id, systolic=150)),
        ("GET", "/triage/patients/", None),
        ("GET", "/billing/entries/", None),
        ("GET", "/audit/events/export/", None),
        ("GET", f"/patients/{patient_id}/access-log/", None),
        ("POST", f"/patients/{patient_id}/archive/", {"reason": "moved away"}),
        ("GET", "/patients/01a20af7-0000-7000-8000-000000000000/", None),
    ]


_EXPECTED = {
    ("auth:login", "refused"), ("auth:login", "success"), ("patient:read", "success"), ("patient:list", "success"),
    ("patient:search", "success"), ("patient:create", "success"), ("patient:update", "success"),
    ("observation:create", "success"), ("alert:create", "success"), ("triage:list", "success"),
    ("billing_entry:list", "success"), ("audit:export", "success"), ("patient:access_log", "success"),
    ("patient:archive", "success"), ("GET patients.OnePatient", "refused"), ("user:create", "success"),
    ("practice_thresholds:create", "success"),
}  # fmt: skip

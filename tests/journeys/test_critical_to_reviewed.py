"""A critical reading: alerted, escalated as STAT, answered, reviewed; and a silent patient who is not forgotten."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.domain.triage.events import AlertRaised, EscalationWaiting, TriageEvent
from app.services.triage import telling
from app.services.triage.board import refresh_due_scores
from tests.builders import a_body, a_patient, a_reading, a_user, become_silent, in_house, signed_in

TRIAGE = "/api/v1/triage/"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[TriageEvent]:
    """What people are told of from here on."""
    heard: list[TriageEvent] = []
    monkeypatch.setattr(telling, "LISTENERS", [lambda _session, event: heard.append(event)])
    return heard


def _line(client: FlaskClient, headers: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{TRIAGE}patients/", headers=headers).json["results"][0]
    return found


def test_from_a_critical_reading_over_a_stat_to_the_review(client: FlaskClient, told: list[TriageEvent]) -> None:
    """The nurse sees it and calls the doctor on call, who answers, helps, and the nurse reviews; all of it is told."""
    nurse = a_user(role=Role.NURSE)
    doctor = a_user(nurse.actor.practice_id)
    patient = a_patient(nurse.actor)
    by_nurse, by_doctor = signed_in(client, nurse), signed_in(client, doctor)
    reading = a_body(patient.id, systolic=192)
    details = client.post("/api/v1/ingestion/blood-pressure/", json=reading, headers=by_nurse).json["alert_details"]
    alert = client.get(f"{TRIAGE}alerts/?acknowledged=false&ordering=priority", headers=by_nurse).json["results"][0]
    stat = {
        "patient_id": str(patient.id), "level": "stat", "reason": "192, dizzy.", "alert_id": alert["id"],
        "steps": [{"user_id": doctor.actor.user_id, "minutes": 5}],
    }  # fmt: skip
    raised = client.post(f"{TRIAGE}escalations/", json=stat, headers=by_nurse).json
    client.post(f"{TRIAGE}escalations/{raised['id']}/acknowledge/", headers=by_doctor)
    client.post("/api/v1/ingestion/blood-pressure/", json=a_body(patient.id, systolic=126), headers=by_nurse)
    under_stat = _line(client, by_nurse)
    outcome = {"outcome": "Took a second pill; 126 after an hour."}
    client.post(f"{TRIAGE}escalations/{raised['id']}/resolve/", json=outcome, headers=by_doctor)
    client.post(f"{TRIAGE}patients/{patient.id}/review/", json={"minutes": 9}, headers=by_nurse)
    after = _line(client, by_nurse)
    assert details == {"level": "critical", "message": alert["message"]}
    assert (under_stat["risk_level"], after["risk_level"], after["active_escalations"]) == ("critical", "normal", 0)
    assert (after["unacknowledged_alerts"], after["last_reviewed_by"]) == (0, nurse.email)
    decided = client.get(f"{TRIAGE}audit/?ordering=at", headers=by_doctor).json["results"]
    assert [one["kind"] for one in decided] == [
        "escalation_raised", "escalation_acknowledged", "escalation_resolved", "patient_reviewed",
    ]  # fmt: skip
    assert [type(event) for event in told] == [AlertRaised, EscalationWaiting]


def test_a_silent_patient_surfaces(client: FlaskClient) -> None:
    """Fine for a month, then nothing: the job takes the score away, the board has a card for it, a nurse calls."""
    nurse = a_user(role=Role.NURSE)
    patient = a_patient(nurse.actor)
    a_reading(nurse.actor, patient.id, 120)
    headers = signed_in(client, nurse)
    before = _line(client, headers)["risk_level"]
    become_silent(nurse.actor, patient.id)
    with in_house():
        refresh_due_scores()
    silent = client.get(f"{TRIAGE}patients/?risk_level=no_data", headers=headers).json["results"]
    alerts = client.get(f"{TRIAGE}alerts/?class=compliance", headers=headers).json["results"]
    note = {"minutes": 4, "note": "Called: the cuff's battery was empty."}
    review = client.post(f"{TRIAGE}patients/{patient.id}/review/", json=note, headers=headers)
    assert (before, [line["patient_id"] for line in silent]) == ("normal", [str(patient.id)])
    assert (review.status_code, _line(client, headers)["last_reviewed_by"]) == (201, nurse.email)
    assert [(alert["rule"], alert["patient_id"]) for alert in alerts] == [("no_reading_days", str(patient.id))]
    logged = client.get("/api/v1/billing/time-logs/", headers=headers).json["results"]
    assert [(log["source"], log["duration_seconds"]) for log in logged] == [("review", 240)]

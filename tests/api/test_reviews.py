"""Reviews and the clinical decisions over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.services.triage import reviews as review_services
from tests.builders import Person, a_patient, a_reading, a_user, signed_in

TRIAGE = "/api/v1/triage/"


@pytest.fixture
def nurse() -> Person:
    """Who reviews."""
    return a_user(role=Role.NURSE)


def _review(client: FlaskClient, person: Person, patient_id: object, **body: Any) -> Any:
    return client.post(f"{TRIAGE}patients/{patient_id}/review/", json=body, headers=signed_in(client, person))


def test_a_review_is_kept_and_shown_on_the_board(client: FlaskClient, nurse: Person) -> None:
    """With minutes and findings, by whom."""
    patient = a_patient(nurse.actor)
    a_reading(nurse.actor, patient.id, 120)
    done = _review(client, nurse, patient.id, minutes=12, note="Stable.")
    assert (done.status_code, done.json["minutes"], done.json["note"]) == (201, 12, "Stable.")
    headers = signed_in(client, nurse)
    line = client.get(f"{TRIAGE}patients/", headers=headers).json["results"][0]
    assert (line["last_reviewed_by"], line["last_reviewed_at"]) == (nurse.email, done.json["reviewed_at"])
    listed = client.get(f"{TRIAGE}patients/{patient.id}/reviews/", headers=headers).json
    assert listed["results"] == [done.json]


def test_the_minutes_are_offered_as_a_time_log_entry(
    client: FlaskClient, nurse: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the same transaction, with the review they belong to."""
    offered: list[tuple[Any, ...]] = []
    monkeypatch.setattr(review_services, "offer_minutes", lambda _session, _actor, *facts: offered.append(facts))
    patient = a_patient(nurse.actor)
    done = _review(client, nurse, patient.id, minutes=7).json
    assert [(str(of), str(review), minutes) for of, review, minutes in offered] == [(str(patient.id), done["id"], 7)]


def test_a_review_needs_no_word(client: FlaskClient, nurse: Person) -> None:
    """Looking is enough; but minutes are a number within a working half-day."""
    patient = a_patient(nurse.actor)
    assert _review(client, nurse, patient.id).json["minutes"] == 0
    for minutes in (-1, 241, "5", True, 1.5):
        assert _review(client, nurse, patient.id, minutes=minutes).status_code == 400


def test_reviews_and_escalations_stand_in_the_timeline(client: FlaskClient, nurse: Person) -> None:
    """Beside the readings and alerts."""
    patient = a_patient(nurse.actor)
    headers = signed_in(client, nurse)
    _review(client, nurse, patient.id, minutes=3, note="Stable.")
    body = {"patient_id": str(patient.id), "level": "stat", "reason": "Dizzy."}
    client.post(f"{TRIAGE}escalations/", json=body, headers=headers)
    items = client.get(f"/api/v1/patients/{patient.id}/timeline/", headers=headers).json["results"]
    assert [(item["kind"], item["summary"]) for item in items] == [
        ("escalation", "STAT escalation (open): Dizzy."), ("review", "Reviewed (3 min): Stable."),
        ("time_log", "RPM time: data review, 3 min 00 s"),
    ]  # fmt: skip


def test_every_decision_stands_in_the_clinical_audit_in_order(client: FlaskClient, nurse: Person) -> None:
    """With who and why; the newest first unless asked otherwise."""
    patient = a_patient(nurse.actor)
    alert = a_reading(nurse.actor, patient.id, 150).alert
    assert alert is not None
    headers = signed_in(client, nurse)
    client.post(f"{TRIAGE}alerts/{alert.id}/acknowledge/", headers=headers)
    body = {"outcome": "no_action_needed", "note": "White coat."}
    client.post(f"{TRIAGE}alerts/{alert.id}/resolve/", json=body, headers=headers)
    _review(client, nurse, patient.id)
    told = client.get(f"{TRIAGE}audit/?ordering=at", headers=headers).json["results"]
    assert [one["kind"] for one in told] == ["alert_acknowledged", "alert_resolved", "patient_reviewed"]
    assert (told[1]["note"], told[1]["user_name"], told[1]["subject_id"]) == (
        "White coat.",
        "Pat Tester",
        str(alert.id),
    )
    assert told[1]["facts"] == {"level": "warning", "rule": "systolic_high", "outcome": "no_action_needed"}
    assert client.get(f"{TRIAGE}audit/", headers=headers).json["results"] == told[::-1]


def test_thresholds_and_scores_that_clinicians_set_stand_in_the_clinical_audit(client: FlaskClient) -> None:
    """Changed, confirmed, set and taken back: each with who and why."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    a_reading(doctor.actor, patient.id, 120)
    headers = signed_in(client, doctor)
    thresholds, override = (
        f"/api/v1/patients/{patient.id}/thresholds/",
        f"{TRIAGE}patients/{patient.id}/score/override/",
    )
    client.put(thresholds, json={"systolic_high": 150, "reason": "White coat."}, headers=headers)
    client.post(f"{thresholds}confirm/", json={}, headers=headers)
    expires = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    client.post(override, json={"risk_score": 80, "reason": "Fell.", "expires_at": expires}, headers=headers)
    client.delete(override, headers=headers)
    told = client.get(f"{TRIAGE}audit/?ordering=at", headers=headers).json["results"]
    assert [(one["kind"], one["note"], one["facts"]) for one in told] == [
        ("thresholds_changed", "White coat.", {"version": 1}),
        ("thresholds_confirmed", None, {"version": 2}),
        ("score_overridden", "Fell.", {"risk_score": 80}),
        ("score_overridden", None, {"outcome": "taken_back"}),
    ]
    assert {one["user_name"] for one in told} == {"Pat Tester"}


def test_the_clinical_audit_is_filtered(client: FlaskClient, nurse: Person) -> None:
    """By patient, person, kind and time."""
    patients = [a_patient(nurse.actor) for _ in range(2)]
    for patient in patients:
        _review(client, nurse, patient.id)
    headers = signed_in(client, nurse)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    counts = [
        client.get(f"{TRIAGE}audit/?{query}", headers=headers).json["count"]
        for query in (
            f"patient_id={patients[0].id}", f"user_id={nurse.actor.user_id}", "kind=patient_reviewed",
            "kind=alert_resolved", f"from={tomorrow}", f"to={tomorrow}",
        )
    ]  # fmt: skip
    assert counts == [1, 2, 2, 0, 0, 2]


@pytest.mark.parametrize(
    ("role", "reviewing", "reading"),
    [(Role.MA, 403, 200), (Role.PROVIDER, 201, 200), (Role.DATA_MONITOR, 403, 200), (Role.BILLING_MANAGER, 403, 403)],
)
def test_who_may_review_and_who_may_read(
    client: FlaskClient, nurse: Person, role: Role, reviewing: int, reading: int
) -> None:
    """The care team decides, the others watch."""
    patient, person = a_patient(nurse.actor), a_user(nurse.actor.practice_id, role)
    done = _review(client, person, patient.id).status_code
    read = client.get(f"{TRIAGE}audit/", headers=signed_in(client, person)).status_code
    assert (done, read) == (reviewing, reading)


def test_another_practices_patient_is_not_there(client: FlaskClient, nurse: Person) -> None:
    """Nor are the decisions about them."""
    foreign = a_patient(a_user().actor)
    assert _review(client, nurse, foreign.id).json == _review(client, nurse, uuid4()).json
    headers = signed_in(client, nurse)
    assert client.get(f"{TRIAGE}patients/{foreign.id}/reviews/", headers=headers).status_code == 404
    assert client.get(f"{TRIAGE}audit/?patient_id={foreign.id}", headers=headers).json["count"] == 0

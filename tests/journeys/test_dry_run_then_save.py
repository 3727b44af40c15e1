"""Thresholds that cry too often: tried on the last days first, then saved, and the next reading is judged by them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.builders import a_body, a_patient, a_reading, a_user, signed_in

API = "/api/v1/"
PRESSURE, THRESHOLDS = f"{API}ingestion/blood-pressure/", f"{API}triage/thresholds/"
ALERTS = f"{API}triage/alerts/?page_size=100"


def test_dry_run_then_save(client: FlaskClient) -> None:
    """Five alerts in five days; with 145 it would have been two; nothing changes until it is saved."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    for days in range(1, 6):
        a_reading(doctor.actor, patient.id, 138 + 2 * days, measured_at=datetime.now(UTC) - timedelta(days=days))
    headers = signed_in(client, doctor)
    shown = client.get(THRESHOLDS, headers=headers)
    alerts = client.get(ALERTS, headers=headers).json
    tried = client.post(f"{THRESHOLDS}preview/", json={"systolic_high": 145, "days": 30}, headers=headers).json
    assert (tried["old"]["total"], tried["new"]["total"], tried["vanishing_count"]) == (5, 2, 3)
    assert client.get(THRESHOLDS, headers=headers).headers["ETag"] == shown.headers["ETag"]
    assert client.get(ALERTS, headers=headers).json == alerts
    new = {"systolic_high": 145, "reason": "White coats."}
    saved = client.put(THRESHOLDS, json=new, headers={**headers, "If-Match": shown.headers["ETag"]})
    assert (saved.status_code, saved.headers["ETag"] != shown.headers["ETag"]) == (200, True)
    (decided,) = client.get(f"{API}triage/audit/", headers=headers).json["results"]
    assert (decided["kind"], decided["note"], decided["patient_id"]) == ("thresholds_changed", "White coats.", None)
    assert _level(client, headers, patient.id, 144) is None
    assert _level(client, headers, patient.id, 146) == "warning"


def _level(client: FlaskClient, headers: dict[str, str], patient_id: Any, systolic: int) -> str | None:
    answer = client.post(PRESSURE, json=a_body(patient_id, systolic=systolic), headers=headers)
    details: dict[str, str] | None = answer.json["alert_details"]
    return details["level"] if details else None

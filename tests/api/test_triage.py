"""The board, over HTTP."""

import pytest
from flask.testing import FlaskClient

from app.services.patients.records import archive_patient
from app.services.triage.alert_actions import acknowledge_alert
from tests.builders import a_patient, a_reading, a_user, in_house, signed_in

URL = "/api/v1/triage/patients/"


def _board(client: FlaskClient) -> tuple[object, dict[str, str], list[object]]:
    doctor = a_user()
    patients = []
    for systolic in (120, 150, 190, None):
        patient = a_patient(doctor.actor, last_name=f"At{systolic}")
        recorded = a_reading(doctor.actor, patient.id, systolic) if systolic else None
        patients.append((patient, recorded))
    return doctor, signed_in(client, doctor), patients


def _levels(client: FlaskClient, headers: dict[str, str], query: str = "") -> list[str]:
    return [line["risk_level"] for line in client.get(f"{URL}?{query}", headers=headers).json["results"]]


def test_the_board_ranks_by_risk_in_the_documented_shape(client: FlaskClient) -> None:
    """Most at risk first; field for field."""
    _, headers, patients = _board(client)
    assert _levels(client, headers) == ["critical", "warning", "normal", "no_data"]
    line = client.get(URL, headers=headers).json["results"][0]
    reading = patients[2][1].observation
    assert line == {
        "patient_id": str(reading.patient_id), "patient_name": "Ann At190", "mrn": "MRN-00003", "risk_score": 81,
        "risk_level": "critical", "unacknowledged_alerts": 1, "last_reviewed_at": None, "last_reviewed_by": None,
        "active_escalations": 0, "latest_vitals": {"blood_pressure": {
            "systolic": 190, "diastolic": 75, "measured_at": reading.measured_at.isoformat().replace("+00:00", "Z")}},
    }  # fmt: skip


def test_the_board_is_filtered_and_reversed(client: FlaskClient) -> None:
    """By level, by open alerts, either way round."""
    _, headers, _ = _board(client)
    assert _levels(client, headers, "risk_level=warning") == ["warning"]
    assert _levels(client, headers, "has_unack_alerts=true") == ["critical", "warning"]
    assert _levels(client, headers, "has_unack_alerts=false&ordering=risk_score") == ["no_data", "normal"]
    assert _levels(client, headers, "ordering=-last_reading_at") == ["critical", "warning", "normal", "no_data"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 4), ("risk_level=normal", 1), ("has_unack_alerts=true", 2), ("has_unack_alerts=false", 2),
     ("risk_level=critical&has_unack_alerts=true", 1), ("risk_level=critical&has_unack_alerts=false", 0)],
)  # fmt: skip
def test_a_page_says_how_long_the_whole_list_is(client: FlaskClient, query: str, count: int) -> None:
    """Whatever it is filtered by, though only two lines are on it."""
    _, headers, _ = _board(client)
    page = client.get(f"{URL}?page_size=2&{query}", headers=headers).json
    assert (page["count"], len(page["results"])) == (count, min(count, 2))


def test_the_counts_know_yesterday(client: FlaskClient) -> None:
    """Everybody arrived today, so yesterday there was nobody."""
    _, headers, _ = _board(client)
    stats = client.get(f"{URL}stats/", headers=headers).json
    assert stats == {
        level: {"count": 1, "previous": 0, "trend": "increasing"}
        for level in ("critical", "warning", "normal", "no_data")
    }


def test_an_archived_patient_leaves_the_board(client: FlaskClient) -> None:
    """And the counts."""
    doctor, headers, patients = _board(client)
    with in_house(doctor.actor):
        archive_patient(doctor.actor, patients[2][0].id, "moved", None)
    assert _levels(client, headers) == ["warning", "normal", "no_data"]
    assert client.get(f"{URL}stats/", headers=headers).json["critical"]["count"] == 0


def test_acknowledging_an_alert_twice_counts_once(client: FlaskClient) -> None:
    """The open count never goes below zero."""
    doctor, headers, patients = _board(client)
    for _ in range(2):
        with in_house(doctor.actor):
            acknowledge_alert(doctor.actor, patients[2][1].alert.id)
    line = client.get(URL, headers=headers).json["results"][0]
    assert (line["risk_level"], line["unacknowledged_alerts"]) == ("critical", 0)


def test_nothing_of_another_practice_is_on_the_board(client: FlaskClient) -> None:
    """Nor in its counts."""
    _board(client)
    headers = signed_in(client, a_user())
    assert _levels(client, headers) == []
    assert {entry["count"] for entry in client.get(f"{URL}stats/", headers=headers).json.values()} == {0}

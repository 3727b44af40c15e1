"""Thresholds over HTTP: the practice's, a patient's, their versions, the dry run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.domain.triage.parameters import PARAMETERS
from deploy.local_postgres import LocalPostgres
from tests.builders import a_body, a_patient, a_reading, a_user, signed_in
from tests.enrolment import Chart, a_chart

PRACTICE = "/api/v1/triage/thresholds/"


def _put(chart: Chart, url: str, body: dict[str, Any], **headers: str) -> Any:
    return chart.client.put(url, json=body, headers={**chart.headers, **headers})


def _post_reading(chart: Chart, systolic: int) -> Any:
    body = a_body(chart.patient_id, systolic=systolic)
    return chart.client.post("/api/v1/ingestion/blood-pressure/", json=body, headers=chart.headers).json


def test_a_practice_starts_with_the_defaults_and_their_sources(client: FlaskClient) -> None:
    """Flat names; every value that can be set is there."""
    chart = a_chart(client)
    answer = client.get(PRACTICE, headers=chart.headers)
    assert (answer.status_code, answer.headers["ETag"], answer.json["threshold_version"]) == (200, '"1"', "1.0")
    assert (answer.json["systolic_high"], answer.json["spo2_critical_low"], answer.json["weight_high"]) == (
        140,
        90,
        None,
    )
    assert PARAMETERS.keys() == answer.json["sources"].keys() == answer.json["origins"].keys()
    assert PARAMETERS.keys() <= answer.json.keys()


def test_the_practices_value_holds_for_its_patients_from_the_next_reading_on(client: FlaskClient) -> None:
    """And the alert names the version that raised it."""
    chart = a_chart(client)
    assert _put(chart, PRACTICE, {"systolic_high": 125, "reason": "stricter"}).headers["ETag"] == '"2"'
    reading = _post_reading(chart, 126)
    assert reading["alert_details"]["message"] == "Systolic BP 126 exceeds threshold of 125 mmHg"
    assert client.get(PRACTICE, headers=chart.headers).json["systolic_critical_high"] == 180


def test_an_alert_names_the_version_of_the_thresholds(client: FlaskClient, postgres: LocalPostgres) -> None:
    """Practice, dot, patient."""
    chart = a_chart(client)
    _put(chart, PRACTICE, {"systolic_high": 130})
    _put(chart, chart.url("thresholds/"), {"systolic_high": 125})
    _post_reading(chart, 126)
    told = postgres.query(f"SELECT threshold_version FROM alerts WHERE patient_id = '{chart.patient_id}'")
    assert told.strip() == "2.1"


def test_a_patients_values_say_who_set_them(client: FlaskClient) -> None:
    """Default, profile or override, with what would hold otherwise."""
    chart = a_chart(client)
    body = {"profiles": ["hypertension"], "systolic_high": 150, "pulse_high": None, "reason": "on new medication"}
    answer = _put(chart, chart.url("thresholds/"), body).json
    assert [answer[name] for name in ("systolic_high", "diastolic_high", "pulse_high", "spo2_low")] == [
        150,
        85,
        None,
        93,
    ]
    origins = [answer["origins"][name] for name in ("systolic_high", "diastolic_high", "pulse_high", "spo2_low")]
    assert origins == ["override", "profile", "override", "default"]
    assert (answer["defaults"]["systolic_high"], answer["profiles"]) == (135, ["hypertension"])


def test_new_patients_are_unconfirmed_until_a_clinician_confirms(client: FlaskClient) -> None:
    """Confirming changes no value."""
    chart = a_chart(client)
    before = chart.get("thresholds/").json
    assert (before["is_confirmed"], before["version"]) == (False, 0)
    after = chart.post("thresholds/confirm/", {"reason": "looked at"}).json
    assert (after["is_confirmed"], after["confirmed_by"]) == (True, chart.provider.actor.user_id)
    assert {name: after[name] for name in PARAMETERS} == {name: before[name] for name in PARAMETERS}


def test_every_version_is_kept_with_who_when_and_why(client: FlaskClient) -> None:
    """Newest first; the practice's begin with its founding."""
    chart = a_chart(client)
    _put(chart, chart.url("thresholds/"), {"systolic_high": 150, "reason": "first"})
    _put(chart, chart.url("thresholds/"), {"systolic_high": 155, "reason": "second"})
    history = chart.get("thresholds/history/").json["results"]
    assert [(one["version"], one["reason"], one["values"]["systolic_high"]) for one in history] == [
        (2, "second", 155), (1, "first", 150),
    ]  # fmt: skip
    assert {one["changed_by"] for one in history} == {chart.provider.actor.user_id}
    founding = client.get(f"{PRACTICE}history/", headers=chart.headers).json["results"]
    assert [(one["version"], one["changed_by"]) for one in founding] == [(1, None)]


def test_a_reason_is_stored_encrypted(client: FlaskClient, postgres: LocalPostgres) -> None:
    """It may tell of a patient."""
    chart = a_chart(client)
    _put(chart, chart.url("thresholds/"), {"reason": "Holloway-secret"})
    assert "Holloway" not in postgres.query("SELECT encode(reason_enc, 'escape') FROM threshold_versions")


def test_a_stale_version_changes_nothing(client: FlaskClient) -> None:
    """If-Match; a patient without a version of their own has version 0."""
    chart = a_chart(client)
    url = chart.url("thresholds/")
    assert _put(chart, url, {"systolic_high": 150}, **{"If-Match": '"0"'}).status_code == 200
    assert _put(chart, url, {"systolic_high": 160}, **{"If-Match": '"0"'}).status_code == 412
    assert _put(chart, PRACTICE, {}, **{"If-Match": '"7"'}).status_code == 412
    assert chart.get("thresholds/").json["systolic_high"] == 150


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"systolic_high": "140"}, "systolic_high"), ({"systolic_high": True}, "systolic_high"),
        ({"systolic_high": 140.00001}, "systolic_high"), ({"systolic_high": 301}, "systolic_high"),
        ({"systolic_high": 181}, "systolic_high"), ({"systolic_hight": 140}, "systolic_hight"),
        ({"no_reading_days": 0}, "no_reading_days"), ({"weight_gain_1_day": -1}, "weight_gain_1_day"),
        ({"modifiers": {"systolic": {"repeat_times": 6, "repeat_of": 5}}}, "modifiers.systolic.repeat_times"),
        ({"modifiers": {"systolic": {"from_hour": 24}}}, "modifiers.systolic.from_hour"),
        ({"modifiers": {"mood": {}}}, "modifiers.mood"), ({"reason": 7}, "reason"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name_and_nothing_changes(client: FlaskClient, body: Any, field: str) -> None:
    """For the practice as for a patient."""
    chart = a_chart(client)
    for url in (PRACTICE, chart.url("thresholds/")):
        answer = _put(chart, url, body)
        assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])
    assert client.get(PRACTICE, headers=chart.headers).json["version"] == 1


def test_heart_failure_alerts_on_three_pounds_in_a_day(client: FlaskClient) -> None:
    """Live, through the profile: the reading is judged against the one before."""
    chart = a_chart(client)
    _put(chart, chart.url("thresholds/"), {"profiles": ["heart_failure"]})
    now = datetime.now(UTC)
    answers = [
        client.post(
            "/api/v1/ingestion/weight/",
            json={"patient_id": str(chart.patient_id), "weight_kg": weight, "measured_at": (now - ago).isoformat()},
            headers=chart.headers,
        ).json
        for weight, ago in ((80, timedelta(days=1, minutes=4)), (81.5, timedelta(minutes=4)))
    ]
    assert [answer["alert_triggered"] for answer in answers] == [False, True]
    assert answers[1]["alert_details"]["message"] == "Weight rose 1.5 kg in 1 day, threshold 1.36 kg"


def test_three_of_the_last_five_hold_live(client: FlaskClient) -> None:
    """Modifiers of the practice."""
    chart = a_chart(client)
    _put(chart, PRACTICE, {"modifiers": {"systolic": {"repeat_times": 3, "repeat_of": 5}}})
    assert [_post_reading(chart, 150)["alert_triggered"] for _ in range(3)] == [False, False, True]


def test_a_dry_run_tells_what_vanishes_and_what_appears(client: FlaskClient) -> None:
    """Old beside new, by day and patient, and the real alert that would not have been."""
    chart = a_chart(client)
    alerting = a_reading(chart.provider.actor, chart.patient_id, 145)
    a_reading(chart.provider.actor, chart.patient_id, 92)
    body = {"systolic_high": 150, "systolic_low": 95, "days": 7}
    answer = client.post(f"{PRACTICE}preview/", json=body, headers=chart.headers).json
    assert (answer["old"]["total"], answer["new"]["total"], answer["patients"], answer["readings"]) == (1, 1, 1, 2)
    assert [one["alert_id"] for one in answer["vanishing"]] == [str(alerting.alert.id if alerting.alert else "")]
    assert [one["message"] for one in answer["appearing"]] == ["Systolic BP 92 is below threshold of 95 mmHg"]
    assert (len(answer["by_day"]), sum(day["new"] for day in answer["by_day"])) == (8, 1)


@pytest.mark.parametrize(
    ("waits_for", "alerts"),
    [
        ({}, 6), ({"repeat_times": 3, "repeat_of": 5}, 4), ({"duration_minutes": 90}, 1),
        ({"cool_down_minutes": 600}, 1), ({"hysteresis": 10}, 6),
    ],
)  # fmt: skip
def test_a_dry_run_of_what_warnings_wait_for_tells_what_is_raised_live(
    client: FlaskClient, waits_for: dict[str, Any], alerts: int
) -> None:
    """The same history twice: tried on afterwards, and lived through with the same set in force."""
    tried, lived = a_chart(client), a_chart(client)
    modifiers = {"modifiers": {"systolic": waits_for}}
    assert _put(lived, PRACTICE, modifiers).status_code == 200
    start = datetime.now(UTC) - timedelta(days=2)
    for hour, systolic in enumerate((150, 151, 152, 135, 150, 149, 120, 148)):
        for chart in (tried, lived):
            a_reading(chart.provider.actor, chart.patient_id, systolic, measured_at=start + timedelta(hours=hour))
    body = {"days": 7, **modifiers}
    preview = client.post(f"{PRACTICE}preview/", json=body, headers=tried.headers).json
    happened = client.get("/api/v1/triage/alerts/", headers=lived.headers).json["results"]
    assert (preview["old"]["total"], preview["new"]["total"]) == (6, alerts)
    assert sum(alert["occurrences"] for alert in happened) == alerts


def test_the_trail_says_of_whom_a_dry_run_told(client: FlaskClient, postgres: LocalPostgres) -> None:
    """Whose alerts and counts are in the answer, and nobody else."""
    chart = a_chart(client)
    a_patient(chart.provider.actor)
    a_reading(chart.provider.actor, chart.patient_id, 145)
    client.post(f"{PRACTICE}preview/", json={"systolic_high": 150}, headers=chart.headers)
    of = f"action = 'thresholds:preview' AND practice_id = '{chart.provider.actor.practice_id}'"
    told = postgres.query(f"SELECT subject_ids FROM audit_events WHERE {of}").strip()
    assert told == f"{{{chart.patient_id}}}"


def test_a_dry_run_of_one_patient_leaves_the_others_out(client: FlaskClient) -> None:
    """And takes profiles."""
    chart = a_chart(client)
    other = a_patient(chart.provider.actor)
    for patient_id in (chart.patient_id, other.id):
        a_reading(chart.provider.actor, patient_id, 137)
    body = {"patient_id": str(chart.patient_id), "profiles": ["hypertension"]}
    answer = client.post(f"{PRACTICE}preview/", json=body, headers=chart.headers).json
    assert (answer["old"]["total"], answer["new"]["total"], answer["patients"]) == (0, 1, 1)


def test_a_dry_run_changes_nothing_in_the_database(app: Flask, client: FlaskClient, postgres: LocalPostgres) -> None:
    """Row for row in every table of ours, but for the event that somebody looked."""
    chart = a_chart(client)
    for systolic in (120, 150, 190):
        a_reading(chart.provider.actor, chart.patient_id, systolic)
    before = _contents(postgres)
    answer = client.post(f"{PRACTICE}preview/", json={"systolic_high": 121}, headers=chart.headers)
    assert answer.status_code == 200
    assert _contents(postgres) == before


def _contents(postgres: LocalPostgres) -> dict[str, str]:
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    tables = [
        name
        for name in postgres.query(named).split()
        if not name.startswith(("audit_", "procrastinate_")) and name not in {"token_families", "refresh_tokens"}
    ]
    return {
        name: postgres.query(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {name} t") for name in tables
    }


@pytest.mark.parametrize("days", [0, 91, "30"])
def test_a_dry_run_reaches_back_90_days_at_most(client: FlaskClient, days: Any) -> None:
    """And one at least."""
    chart = a_chart(client)
    answer = client.post(f"{PRACTICE}preview/", json={"days": days}, headers=chart.headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["days"])


def test_profiles_tell_their_values_and_sources(client: FlaskClient) -> None:
    """Four conditions."""
    chart = a_chart(client)
    profiles = client.get("/api/v1/triage/profiles/", headers=chart.headers).json["results"]
    assert [one["condition"] for one in profiles] == ["hypertension", "diabetes", "copd", "heart_failure"]
    assert all(one["values"].keys() == one["sources"].keys() for one in profiles)


@pytest.mark.parametrize("path", ["thresholds/", "thresholds/history/"])
def test_a_patient_reads_their_own_thresholds_and_nobody_elses(client: FlaskClient, path: str) -> None:
    """Another practice's look like nobody's."""
    chart, foreign = a_chart(client), a_chart(client)
    own = signed_in(client, a_user(chart.provider.actor.practice_id, Role.PATIENT, patient_id=chart.patient_id))
    other = a_patient(chart.provider.actor)
    urls = [chart.url(path), f"/api/v1/patients/{other.id}/{path}", foreign.url(path)]
    assert [client.get(url, headers=own).status_code for url in urls] == [200, 404, 404]


def test_another_practices_patient_cannot_be_set_confirmed_or_tried(client: FlaskClient) -> None:
    """404, as for a random id."""
    chart, foreign = a_chart(client), a_chart(client)
    assert _put(chart, foreign.url("thresholds/"), {}).status_code == 404
    assert client.post(foreign.url("thresholds/confirm/"), json={}, headers=chart.headers).status_code == 404
    body = {"patient_id": str(foreign.patient_id)}
    assert client.post(f"{PRACTICE}preview/", json=body, headers=chart.headers).status_code == 404

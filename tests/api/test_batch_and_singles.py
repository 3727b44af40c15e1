"""A batch leaves what its readings would have left one by one, and a process no larger."""

import gc
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local_postgres import LocalPostgres
from tests.builders import a_body, a_patient, a_user, signed_in

BATCH, SINGLE = "/api/v1/ingestion/batch/", "/api/v1/ingestion/blood-pressure/"
_VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "blood_pressure": st.fixed_dictionaries({"systolic": st.integers(85, 200), "diastolic": st.integers(50, 125)}),
    "weight": st.fixed_dictionaries({"weight_kg": st.sampled_from([80, 81.5, 84, 120])}),
    "glucose": st.fixed_dictionaries({"glucose_mmol_l": st.sampled_from([2.5, 6.1, 21]), "meal": st.just("pre")}),
    "pulse_oximetry": st.fixed_dictionaries({"spo2": st.integers(80, 99), "pulse": st.integers(40, 140)}),
}
_ITEM = st.sampled_from(sorted(_VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), _VALUES[kind]))
_MOST_GROWTH = 8 * 2**20  # of twelve batches of 1,000, whose bodies alone are 2 MB


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(st.tuples(_ITEM, st.booleans()), min_size=1, max_size=9))
def test_both_leave_the_same(drawn: list[Any], client: FlaskClient, postgres: LocalPostgres) -> None:
    """Readings, alerts and how often they were raised, the board's line, the score."""
    start = datetime.now(UTC) - timedelta(hours=2)
    items = [
        ({"observation_type": kind, **values, "measured_at": (start + timedelta(minutes=number)).isoformat()}, second)
        for number, ((kind, values), second) in enumerate(drawn)
    ]
    assert _left(client, postgres, items, at_once=True) == _left(client, postgres, items, at_once=False)


def _left(client: FlaskClient, postgres: LocalPostgres, items: list[Any], *, at_once: bool) -> list[str]:
    doctor = a_user()
    headers, patients = signed_in(client, doctor), [a_patient(doctor.actor).id for _ in range(2)]
    readings = [{**item, "patient_id": str(patients[second])} for item, second in items]
    if at_once:
        assert client.post(BATCH, json={"readings": readings[::-1]}, headers=headers).status_code == 200
    for reading in [] if at_once else readings:
        path = reading.pop("observation_type").replace("_", "-")
        assert client.post(f"/api/v1/ingestion/{path}/", json=reading, headers=headers).status_code == 201
    return [_look(postgres, patient) for patient in patients]


def _look(postgres: LocalPostgres, patient: object) -> str:
    whose = f"WHERE patient_id = '{patient}'"
    told = (
        (
            "SELECT observation_type, measured_at, systolic, diastolic, pulse, weight_kg, glucose_mg_dl, spo2, meal,"
            f" posted_value, posted_unit, source, status, quarantine_reason, alert_level FROM observations {whose}"
            " ORDER BY measured_at"
        ),
        (
            "SELECT rule, level, message, value, occurrences, measured_at, cleared_at IS NULL, acknowledged_at IS NULL"
            f" FROM alerts {whose} ORDER BY rule, measured_at"
        ),
        f"SELECT rule, level, value, measured_at FROM alert_occurrences {whose} ORDER BY measured_at, rule",
        (
            "SELECT risk_score, risk_level, last_reading_at, unacknowledged_alerts, rule_state"
            f" FROM triage_summaries {whose}"
        ),
    )
    return "\n".join(postgres.query(sql) for sql in told)


def test_memory_stays_flat(client: FlaskClient) -> None:
    """After the first few, batches leave nothing behind in the process."""
    doctor = a_user()
    headers, patients = signed_in(client, doctor), [a_patient(doctor.actor).id for _ in range(4)]
    sizes = []
    for number in range(20):
        _post_thousand(client, headers, patients, number)
        gc.collect()
        sizes.append(psutil.Process().memory_info().rss)
    assert min(sizes[-4:]) - max(sizes[4:8]) < _MOST_GROWTH


def _post_thousand(client: FlaskClient, headers: Any, patients: list[Any], number: int) -> None:
    start = datetime.now(UTC) - timedelta(days=number + 1)
    readings = [
        {
            "observation_type": "heart_rate", "heart_rate": 70, "patient_id": str(patients[index % 4]),
            "measured_at": (start + timedelta(seconds=index)).isoformat(),
        }
        for index in range(1000)
    ]  # fmt: skip
    answer = client.post(BATCH, json={"readings": readings}, headers=headers)
    assert (answer.status_code, answer.json["created"]) == (200, 1000)


def test_an_alert_that_repeats_stands_beside_one_that_is_new(client: FlaskClient) -> None:
    """Whichever comes first in the batch: what counts an alert is stored after the alert."""
    doctor = a_user()
    headers = signed_in(client, doctor)
    known, new = sorted(a_patient(doctor.actor).id for _ in range(2))
    assert client.post(SINGLE, json=a_body(known, systolic=170), headers=headers).json["alert_triggered"]
    readings = [{"observation_type": "blood_pressure", **a_body(patient, systolic=172)} for patient in (known, new)]
    answer = client.post(BATCH, json={"readings": readings}, headers=headers)
    assert (answer.status_code, answer.json["created"]) == (200, 2)
    alerts = client.get("/api/v1/triage/alerts/", headers=headers).json["results"]
    assert {alert["patient_id"]: alert["occurrences"] for alert in alerts} == {str(known): 2, str(new): 1}

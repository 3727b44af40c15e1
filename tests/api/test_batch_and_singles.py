"""A batch leaves what its readings would have left one by one, and a process no larger."""

import gc
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deploy.local_postgres import LocalPostgres
from tests.builders import a_body, a_patient, a_user, signed_in

_THRESHOLDS = "/api/v1/triage/thresholds/"
BATCH, SINGLE = "/api/v1/ingestion/batch/", "/api/v1/ingestion/blood-pressure/"
_VALUES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "blood_pressure": st.fixed_dictionaries({"systolic": st.integers(85, 200), "diastolic": st.integers(50, 125)}),
    "weight": st.fixed_dictionaries({"weight_kg": st.sampled_from([80, 81.5, 84, 120])}),
    "glucose": st.fixed_dictionaries({"glucose_mmol_l": st.sampled_from([2.5, 6.1, 21]), "meal": st.just("pre")}),
    "pulse_oximetry": st.fixed_dictionaries({"spo2": st.integers(80, 99), "pulse": st.integers(40, 140)}),
}
_ITEM = st.sampled_from(sorted(_VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), _VALUES[kind]))
_PRESSURES = ("systolic", "diastolic", "pulse")
_MOST_GROWTH = 8 * 2**20  # of twelve batches of 1,000, whose bodies alone are 2 MB


_DRAWN = st.lists(
    st.tuples(_ITEM, st.booleans(), st.integers(0, 59), st.booleans()),
    min_size=1,
    max_size=12,
    unique_by=lambda x: x[2],
)


@settings(
    phases=(Phase.generate,),
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=_DRAWN, are_seen=st.booleans(), looks_back=st.booleans())
def test_both_leave_the_same(
    drawn: list[Any], are_seen: bool, looks_back: bool, client: FlaskClient, postgres: LocalPostgres
) -> None:
    """Readings, alerts and how often they were raised, the board's line, the score.

    Beside readings that were there before, measured earlier or later, known ones among the new; with their alerts
    acknowledged or waiting; by rules that look at one reading, or back at others as well.
    """
    start = datetime.now(UTC) - timedelta(hours=2)
    items = [
        (
            {"observation_type": kind, **values, "measured_at": (start + timedelta(minutes=place)).isoformat()},
            who,
            before,
        )
        for (kind, values), who, place, before in drawn
    ]
    both = []
    for at_once in (True, False):
        house = _House(client, looks_back=looks_back)
        both.append(house.left(postgres, items, at_once=at_once, are_seen=are_seen))
    assert both[0] == both[1]


class _House:
    """A practice with two patients."""

    def __init__(self, client: FlaskClient, *, looks_back: bool) -> None:
        doctor = a_user()
        self.client, self.headers = client, signed_in(client, doctor)
        self.patients = [a_patient(doctor.actor).id for _ in range(2)]
        tag = client.get(_THRESHOLDS, headers=self.headers).headers["ETag"]
        rules = {"weight_gain_1_day": 2, "systolic_rise_1_day": 20} if looks_back else {"no_reading_days": 3}
        saved = client.put(_THRESHOLDS, json=rules, headers={**self.headers, "If-Match": tag})
        assert saved.status_code == 200, saved.text

    def left(self, postgres: LocalPostgres, items: list[Any], *, at_once: bool, are_seen: bool) -> list[str]:
        """Post what comes before one by one, then everything at once or one by one as it was measured, and look."""
        readings = [({**item, "patient_id": str(self.patients[who])}, before) for item, who, before in items]
        for reading in (reading for reading, before in readings if before):
            self.post(reading)
        if are_seen:
            self._see_all()
        every = sorted((reading for reading, _ in readings), key=lambda reading: str(reading["measured_at"]))
        if at_once:
            answer = self.client.post(BATCH, json={"readings": every[::-1]}, headers=self.headers)
            assert (answer.status_code, answer.json["errors"]) == (200, 0)
        for reading in [] if at_once else every:
            self.post(reading)
        return [_look(postgres, patient) for patient in self.patients]

    def post(self, reading: dict[str, Any]) -> None:
        """Post one reading by itself."""
        path = f"/api/v1/ingestion/{reading['observation_type'].replace('_', '-')}/"
        body = {name: value for name, value in reading.items() if name != "observation_type"}
        assert self.client.post(path, json=body, headers=self.headers).status_code in {200, 201}

    def _see_all(self) -> None:
        for alert in self.client.get("/api/v1/triage/alerts/", headers=self.headers).json["results"]:
            path = f"/api/v1/triage/alerts/{alert['id']}/acknowledge/"
            assert self.client.post(path, json={}, headers=self.headers).status_code == 200


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


def test_a_batch_judges_nobody_by_the_readings_of_others(client: FlaskClient) -> None:
    """One patient weighs 80 kg, another 84: nobody gained 4. Both have rules of their own that look back."""
    house = _House(client, looks_back=False)
    for patient in house.patients:
        path = f"/api/v1/patients/{patient}/thresholds/"
        tag = client.get(path, headers=house.headers).headers["ETag"]
        own = client.put(path, json={"weight_gain_1_day": 3}, headers={**house.headers, "If-Match": tag})
        assert own.status_code == 200, own.text
    weights = [{"observation_type": "weight", **a_body(patient), "weight_kg": 80} for patient in house.patients]
    readings = [{name: value for name, value in one.items() if name not in _PRESSURES} for one in weights]
    house.post(readings[0])
    answer = client.post(
        BATCH, json={"readings": [{**readings[1], "weight_kg": 84}, readings[0]]}, headers=house.headers
    )
    assert (answer.status_code, answer.json["created"], answer.json["duplicates"]) == (200, 1, 1)
    assert client.get("/api/v1/triage/alerts/", headers=house.headers).json["count"] == 0

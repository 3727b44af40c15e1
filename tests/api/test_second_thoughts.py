"""Void, corrected, accepted: what is left is what the other readings would have left by themselves."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from tests.api.test_observations import URL, House
from tests.builders import a_device, a_patient, a_user, signed_in
from tests.inbox import a_gateway, deliver, deliveries, readings
from tests.jobs import work

_THRESHOLDS = "/api/v1/triage/thresholds/"
_VALUES: dict[str, tuple[str, st.SearchStrategy[int]]] = {
    "blood-pressure": ("systolic", st.sampled_from([118, 137, 145, 165, 190])),
    "weight": ("weight_kg", st.sampled_from([80, 81, 84])),
    "pulse-oximetry": ("spo2", st.sampled_from([85, 91, 97])),
}
_READING = st.sampled_from(sorted(_VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), _VALUES[kind][1]))
_POSTED = st.lists(
    st.tuples(_READING, st.integers(0, 9), st.booleans()), min_size=2, max_size=6, unique_by=lambda x: x[1]
)


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own, where a weight that rises by 3 kg in a day alarms."""
    made = House(client)
    shown = made.get(_THRESHOLDS)
    answer = client.put(
        _THRESHOLDS, json={"weight_gain_1_day": 3}, headers={**made.headers, "If-Match": shown.headers["ETag"]}
    )
    assert answer.status_code == 200, answer.text
    return made


def _alerts(house: House) -> dict[str, Any]:
    found = house.get("/api/v1/triage/alerts/?state=active").json["results"]
    return {alert["rule"]: alert["occurrences"] for alert in found}


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=_POSTED)
def test_what_is_void_might_as_well_never_have_come(
    drawn: list[Any], client: FlaskClient, postgres: LocalPostgres
) -> None:
    """Readings in any order of measurement, some of them void afterwards: alerts, board, score, what is remembered.

    By the rules that look at one reading: an alert that another was raised by in comparison stays on record, ended.
    """
    house = House(client)
    start = datetime.now(UTC) - timedelta(hours=3)
    looks = []
    for are_all_posted in (True, False):
        house.patient_id = a_patient(house.doctor.actor).id
        gone = []
        for (kind, value), place, is_void in drawn:
            if are_all_posted or not is_void:
                at = (start + timedelta(minutes=10 * place)).isoformat()
                posted = house.post(kind, measured_at=at, **{_VALUES[kind][0]: value})
                assert posted.status_code == 201, posted.text
                gone += [posted] if is_void else []
        assert [house.decide(one, "void").status_code for one in gone] == [200] * len(gone)
        looks.append(_look(postgres, house.patient_id))
    assert looks[0] == looks[1]


def _look(postgres: LocalPostgres, patient: object) -> list[str]:
    whose = f"WHERE patient_id = '{patient}'"
    return [
        postgres.query(sql)
        for sql in (
            f"SELECT rule, value, measured_at, occurrences FROM alerts {whose} AND cleared_at IS NULL ORDER BY 1, 3",
            f"SELECT rule, value, measured_at FROM alert_occurrences {whose} AND voided_at IS NULL ORDER BY 3, 1",
            (
                "SELECT risk_score, risk_level, last_reading_at, coalesce(rule_state->'rules', '{}'),"
                f" coalesce(rule_state->'cooling', '{{}}'), rule_state->>'seen_at' FROM triage_summaries {whose}"
            ),
            (
                "SELECT kind, one->>'measured_at', one - 'observation_id' FROM triage_summaries,"
                f" jsonb_each(latest_vitals) AS latest (kind, one) {whose} ORDER BY 1"
            ),
        )
    ]


def test_an_alert_lasts_again_when_the_reading_that_ended_it_is_void(house: House) -> None:
    """Somebody else wore the cuff: the patient is still as ill as before, and whoever saw the alert has seen it."""
    house.post(minutes_ago=60, systolic=190)
    (alert,) = house.get("/api/v1/triage/alerts/").json["results"]
    house.client.post(f"/api/v1/triage/alerts/{alert['id']}/acknowledge/", json={}, headers=house.headers)
    healthy = house.post(minutes_ago=5, systolic=118)
    assert _alerts(house) == {}
    house.decide(healthy, "void")
    assert (_alerts(house), house.board["unacknowledged_alerts"]) == ({"systolic_critical_high": 1}, 0)
    assert house.board["risk_level"] == "critical"


def test_an_alert_ends_when_only_a_void_reading_kept_it_up(house: House) -> None:
    """190, normal, 195 by mistake: normal is what stands."""
    house.post(minutes_ago=60, systolic=190)
    house.post(minutes_ago=30, systolic=118)
    house.decide(house.post(minutes_ago=5, systolic=195), "void")
    assert _alerts(house) == {}


def test_after_a_void_the_next_reading_is_not_late(house: House) -> None:
    """What was measured before a void one still ends what it should."""
    house.post(minutes_ago=60, systolic=190)
    house.decide(house.post("weight", minutes_ago=1, weight_kg=80), "void")
    house.post(minutes_ago=30, systolic=118)
    assert _alerts(house) == {}


def test_a_correction_is_judged_as_if_the_wrong_reading_had_never_been(house: House) -> None:
    """76 kg typed for 79.6: nobody gained 3.6 kg within the day."""
    house.post("weight", minutes_ago=600, weight_kg=80)
    wrong = house.post("weight", minutes_ago=5, weight_kg=76)
    right = house.post("weight", minutes_ago=5, weight_kg=79.6, corrects_id=wrong.json["id"])
    assert (right.status_code, right.json["alert_triggered"], _alerts(house)) == (201, False, {})


def test_a_correction_is_no_jump_from_what_it_corrects(house: House) -> None:
    """180 kg posted for 180 lb: the right weight need not wait for anybody."""
    wrong = house.post("weight", minutes_ago=5, weight_kg=180)
    right = house.post("weight", minutes_ago=5, weight_lb=180, corrects_id=wrong.json["id"])
    assert house.get(f"{URL}{right.json['id']}/").json["status"] == "final"


def test_a_correction_that_is_known_already_makes_the_wrong_one_void(house: House) -> None:
    """Both had come; again changes nothing; a correction that counts no more corrects nothing."""
    wrong, right = (house.post("weight", measured_at="2026-11-20T08:00:00Z", weight_kg=kg) for kg in (80, 81))
    same = {"measured_at": "2026-11-20T08:00:00Z", "weight_kg": 81, "corrects_id": wrong.json["id"]}
    answers = [house.post("weight", **same) for _ in range(2)]
    assert [(one.status_code, one.json["id"]) for one in answers] == [(200, right.json["id"])] * 2
    assert house.get(f"{URL}{wrong.json['id']}/").json["status"] == "void"


def test_a_reading_is_not_lost_to_a_correction_that_counts_no_more(house: House) -> None:
    """Else neither of the two would count."""
    stands, gone = (house.post("weight", measured_at="2026-11-20T08:00:00Z", weight_kg=kg) for kg in (80, 81))
    house.decide(gone, "void")
    same = {"measured_at": "2026-11-20T08:00:00Z", "weight_kg": 81, "corrects_id": stands.json["id"]}
    assert house.post("weight", **same).status_code == 400
    assert house.get(f"{URL}{stands.json['id']}/").json["status"] == "final"


def test_a_weight_in_the_wrong_unit_is_corrected_by_a_replay_without_waiting(client: FlaskClient) -> None:
    """180 lb read as kilograms, then as what they are: final, and it names the reading it replaces."""
    admin = a_user(role=Role.ADMIN)
    headers, since = signed_in(client, admin), datetime(2026, 9, 1, tzinfo=UTC)
    a_device(admin.actor, a_patient(admin.actor).id, since, vendor_device_id="hwi-9")
    gateway = a_gateway(admin, "tenovi", "custom_header", options={"weight_unit": "kg"})
    body = b'{"metric":"weight","hwi_device_id":"hwi-9","value_1":"180","timestamp":"2026-11-20T10:00:00Z"}'
    deliver(client, gateway, body)
    work()
    settings_url = f"/api/v1/integrations/gateways/{gateway.integration.id}/"
    client.patch(settings_url, json={"options": {"weight_unit": "lb"}}, headers=headers)
    path = f"/api/v1/webhooks/inbox/{deliveries(admin)[0].id}/replay/"
    (look,) = client.post(f"{path}?dry_run=1", headers=headers).json["changes"]
    assert (look["change"], look["replaces"], look["values"]) == (
        "correct", {"weight_kg": 180}, {"weight_kg": Decimal("81.6466266")},
    )  # fmt: skip
    client.post(path, headers=headers)
    wrong, right = sorted(readings(admin), key=lambda one: one.created_at)
    assert (wrong.status, right.status, right.corrects_id) == ("void", "final", wrong.id)

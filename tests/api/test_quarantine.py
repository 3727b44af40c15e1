"""What waits in quarantine, attacked: by many at once, twice, by strangers, and what one acceptance then changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from tests.api.test_days import House as Enrolled
from tests.api.test_observations import URL, House
from tests.builders import a_user, signed_in

_TRAIL = "SELECT action FROM audit_events WHERE resource_id = '{}' AND action ~ 'accept|reject|void' ORDER BY 1"


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own."""
    return House(client)


def _waiting(house: House) -> Any:
    """Post a pressure whose two values are turned round: it waits, and would alarm."""
    posted = house.post(minutes_ago=40, systolic=185, diastolic=190)
    assert house.get(f"{URL}{posted.json['id']}/").json["status"] == "quarantined"
    return posted


def _trail(postgres: LocalPostgres, reading: Any) -> list[str]:
    return postgres.query(_TRAIL.format(reading.json["id"])).split()


@pytest.mark.parametrize("round_", range(3))
def test_of_many_who_accept_and_reject_at_once_one_decides(
    app: Flask, house: House, postgres: LocalPostgres, round_: int
) -> None:
    """Who says the same is told so, who says otherwise is refused; board, alert and trail are of the one decision."""
    reading = _waiting(house)
    verbs = ["accept", "reject"] * 8 if round_ else ["reject", "accept"] * 8

    def decide(verb: str) -> tuple[str, int]:
        path = f"{URL}{reading.json['id']}/{verb}/"
        return verb, app.test_client().post(path, json={}, headers=house.headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(decide, verbs))
    final = house.get(f"{URL}{reading.json['id']}/").json
    winner = {"final": "accept", "rejected": "reject"}[final["status"]]
    assert set(answers) == {(verb, 200 if verb == winner else 409) for verb in ("accept", "reject")}
    assert _trail(postgres, reading) == [f"observation:{winner}"]
    raised = 1 if winner == "accept" else 0
    found = postgres.query(f"SELECT count(*) FROM alert_occurrences WHERE observation_id = '{reading.json['id']}'")
    assert (int(found), house.board["unacknowledged_alerts"]) == (raised, raised)


def test_accepting_twice_decides_and_alarms_once(house: House, postgres: LocalPostgres) -> None:
    """The second is told the first decision, to the version."""
    reading = _waiting(house)
    first, again = house.decide(reading, "accept"), house.decide(reading, "accept")
    assert (first.json, first.headers["ETag"]) == (again.json, again.headers["ETag"])
    assert _trail(postgres, reading) == ["observation:accept"]
    raised = postgres.query(f"SELECT sum(occurrences) FROM alerts WHERE patient_id = '{house.patient_id}'")
    assert int(raised) == 1
    assert house.decide(reading, "accept", **{"If-Match": '"1"'}).status_code == 412


@pytest.mark.parametrize(
    ("before", "refused"),
    [("accept", ("reject",)), ("reject", ("accept", "void")), ("void", ("accept", "reject"))],
)
def test_what_is_decided_is_not_decided_otherwise(house: House, before: str, refused: tuple[str, ...]) -> None:
    """409, and nothing moves. An accepted one may still be made void: that is no decision on quarantine."""
    reading = _waiting(house)
    assert house.decide(reading, before).status_code == 200
    stands = house.get(f"{URL}{reading.json['id']}/").json
    assert [house.decide(reading, verb).status_code for verb in refused] == [409] * len(refused)
    assert house.get(f"{URL}{reading.json['id']}/").json == stands


def test_a_reading_that_was_corrected_while_it_waited_cannot_be_accepted(house: House) -> None:
    """Else both would count."""
    wrong = _waiting(house)
    right = house.post(minutes_ago=40, systolic=190, diastolic=85, corrects_id=wrong.json["id"])
    assert right.status_code == 201
    assert house.decide(wrong, "accept").status_code == 409
    assert house.get(f"{URL}?status=final").json["count"] == 1


def test_a_reading_that_never_waited_can_be_neither_accepted_nor_rejected(house: House) -> None:
    """It counts already."""
    reading = house.post()
    assert [house.decide(reading, verb).status_code for verb in ("accept", "reject")] == [409, 409]


def test_nobody_of_another_practice_decides(house: House, postgres: LocalPostgres) -> None:
    """404 as for an id that there is not, to the letter."""
    reading, other = _waiting(house), House(house.client)
    for verb in ("accept", "reject", "void"):
        body = {"reason": "Mine."} if verb == "void" else {}
        foreign, random = (
            house.client.post(f"{URL}{one}/{verb}/", json=body, headers=other.headers)
            for one in (reading.json["id"], uuid4())
        )
        assert (foreign.status_code, foreign.json) == (404, random.json)
    assert _trail(postgres, reading) == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PATIENT])
def test_only_clinicians_decide(house: House, client: FlaskClient, role: Role) -> None:
    """Who measures or bills does not say what is true; neither does the patient."""
    reading = _waiting(house)
    headers = signed_in(client, a_user(house.doctor.actor.practice_id, role))
    may = role in {Role.CLINICAL_MANAGER, Role.PROVIDER, Role.NURSE}
    answer = client.post(f"{URL}{reading.json['id']}/accept/", json={}, headers=headers)
    assert answer.status_code == (200 if may else 403)


def test_a_patient_does_not_accept_the_own_reading(house: House, client: FlaskClient) -> None:
    """However sure they are."""
    reading = _waiting(house)
    headers = signed_in(client, a_user(house.doctor.actor.practice_id, Role.PATIENT, house.patient_id))
    assert client.post(f"{URL}{reading.json['id']}/accept/", json={}, headers=headers).status_code == 403


def test_the_day_of_a_reading_counts_from_its_acceptance_until_it_is_void(client: FlaskClient) -> None:
    """The truth table says at each step why not, and the day is the one on which it was measured."""
    house = Enrolled(client)
    posted = house.post("2026-09-10T12:00:00Z", systolic=150, diastolic=160, source="auto").json["id"]

    def day() -> tuple[bool, list[str]]:
        table = house.days("2026-09-10", "2026-09-11").json
        first, second = table["days"]
        assert (second["counted"], second["excluded"]) == (False, [])
        assert table["counted"] == int(first["counted"])
        return first["counted"], [one["reason"] for one in first["excluded"]]

    seen = [day()]
    for verb, body in (("accept", {}), ("void", {"reason": "Somebody else's arm."})):
        answer = client.post(f"/api/v1/observations/{posted}/{verb}/", json=body, headers=house.headers)
        assert answer.status_code == 200, answer.text
        seen.append(day())
    assert seen == [(False, ["quarantined"]), (True, []), (False, ["void"])]


def test_a_day_whose_reading_was_corrected_by_hand_counts_no_more(client: FlaskClient) -> None:
    """The table tells both: what was void, and that the right one was typed in."""
    house = Enrolled(client)
    wrong = house.post("2026-09-10T12:00:00Z", source="auto").json["id"]
    assert house.days("2026-09-10", "2026-09-10").json["counted"] == 1
    right = house.post("2026-09-10T12:00:00Z", systolic=119, source="manual", corrects_id=wrong).json["id"]
    (day,) = house.days("2026-09-10", "2026-09-10").json["days"]
    told = {one["reading"]["id"] if "reading" in one else one["id"]: one["reason"] for one in day["excluded"]}
    assert (day["counted"], told) == (False, {wrong: "void", right: "manual"})


def test_an_accepted_reading_alarms_as_old_as_it_is(house: House) -> None:
    """What was measured since decides whether the alert still lasts; the board shows the newest."""
    waiting = _waiting(house)
    house.post(minutes_ago=5, systolic=118)
    assert house.decide(waiting, "accept").json["alert_level"] == "critical"
    latest = house.board["latest_vitals"]["blood_pressure"]
    assert latest["systolic"] == 118
    at = datetime.fromisoformat(latest["measured_at"])
    assert datetime.now(UTC) - at < timedelta(minutes=6)

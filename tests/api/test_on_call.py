"""The on-call schedule and the reaction time over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import Person, a_patient, a_reading, a_user, signed_in

URL = "/api/v1/triage/on-call/"
ALWAYS = [
    {"weekday": day, "starts": "00:00", "ends": "00:00"}
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
]


@pytest.fixture
def manager() -> Person:
    """Who runs the practice."""
    return a_user(role=Role.CLINICAL_MANAGER)


def _slots(person: Person, slots: list[dict[str, Any]] = ALWAYS) -> dict[str, Any]:
    return {"slots": [{"user_id": person.actor.user_id, **slot} for slot in slots]}


def test_a_schedule_is_set_and_read_back(client: FlaskClient, manager: Person) -> None:
    """With names, in the practice's zone, under a version that a stale writer is told of."""
    headers = signed_in(client, manager)
    empty = client.get(URL, headers=headers)
    assert (empty.json, empty.headers["ETag"]) == ({"timezone": "America/New_York", "slots": []}, '"0"')
    body = _slots(manager, [{"on": "2026-12-24", "starts": "08:00", "ends": "20:30"}])
    put = client.put(URL, json=body, headers=headers | {"If-Match": '"0"'})
    assert put.json["slots"] == [
        {**body["slots"][0], "weekday": None, "user_name": "Pat Tester"},
    ]
    assert client.get(URL, headers=headers).json == put.json
    assert client.put(URL, json=body, headers=headers | {"If-Match": '"0"'}).status_code == 412


def test_who_is_on_call_now_is_asked_by_an_escalation(client: FlaskClient, manager: Person) -> None:
    """The first of them."""
    headers = signed_in(client, manager)
    client.put(URL, json=_slots(manager), headers=headers)
    now = client.get(f"{URL}now/", headers=headers).json
    assert now["people"] == [{"user_id": manager.actor.user_id, "name": "Pat Tester"}]
    body = {"patient_id": str(a_patient(manager.actor).id), "level": "stat", "reason": "Help."}
    raised = client.post("/api/v1/triage/escalations/", json=body, headers=headers).json
    assert (raised["step"], raised["user_id"]) == (0, manager.actor.user_id)


def test_a_dated_shift_of_today_stands_above_the_week(client: FlaskClient, manager: Person) -> None:
    """On the practice's calendar."""
    headers = signed_in(client, manager)
    colleague = a_user(manager.actor.practice_id)
    today = datetime.now(ZoneInfo("America/New_York")).date()
    days = [
        {"user_id": colleague.actor.user_id, "on": (today + timedelta(days=ahead)).isoformat(),
         "starts": "00:00", "ends": "00:00"}
        for ahead in (0, 1)
    ]  # fmt: skip
    body = {"slots": [*_slots(manager)["slots"], *days]}
    assert client.put(URL, json=body, headers=headers).status_code == 200
    on_call = client.get(f"{URL}now/", headers=headers).json["people"]
    assert [one["user_id"] for one in on_call] == [colleague.actor.user_id]


def test_a_slot_is_weekly_or_dated_and_of_somebody_who_can_answer(client: FlaskClient, manager: Person) -> None:
    """Strangers and watchers are refused by the number of their slot."""
    headers = signed_in(client, manager)
    watcher = a_user(manager.actor.practice_id, Role.DATA_MONITOR)
    refused = [
        list(client.put(URL, json=body, headers=headers).json["field_errors"])
        for body in (
            _slots(manager, [{"starts": "08:00", "ends": "09:00"}]),
            _slots(manager, [{"weekday": "monday", "on": "2026-12-24", "starts": "08:00", "ends": "09:00"}]),
            _slots(manager, [{"weekday": "monday", "starts": "24:00", "ends": "09:00"}]),
            _slots(watcher, ALWAYS[:1]),
            _slots(a_user(), ALWAYS[:1]),
        )
    ]
    assert refused == [
        ["slots.0.weekday"], ["slots.0.weekday"], ["slots.0.starts"], ["slots.0.user_id"], ["slots.0.user_id"],
    ]  # fmt: skip
    assert client.get(URL, headers=headers).json["slots"] == []


@pytest.mark.parametrize(
    ("role", "reading", "writing"),
    [(Role.ADMIN, 200, 200), (Role.NURSE, 200, 403), (Role.DATA_MONITOR, 200, 403), (Role.BILLING_MANAGER, 403, 403)],
)
def test_who_may_see_and_who_may_set(
    client: FlaskClient, manager: Person, role: Role, reading: int, writing: int
) -> None:
    """Who runs the practice sets."""
    headers = signed_in(client, a_user(manager.actor.practice_id, role))
    done = client.put(URL, json={"slots": []}, headers=headers).status_code
    assert (client.get(URL, headers=headers).status_code, done) == (reading, writing)


def test_the_practice_chooses_how_soon_a_warning_is_due(client: FlaskClient, manager: Person) -> None:
    """From the next alert on; within bounds."""
    headers, url = signed_in(client, manager), "/api/v1/triage/settings/"
    assert client.get(url, headers=headers).json == {"warning_minutes": 60, "critical_escalates_minutes": 5}
    assert client.put(url, json={"warning_minutes": 4}, headers=headers).status_code == 400
    assert client.put(url, json={"warning_minutes": 20}, headers=headers).json["warning_minutes"] == 20
    a_reading(manager.actor, a_patient(manager.actor).id, 150)
    alert = client.get("/api/v1/triage/alerts/", headers=headers).json["results"][0]
    waits = datetime.fromisoformat(alert["due_at"]) - datetime.fromisoformat(alert["raised_at"])
    assert waits == timedelta(minutes=20)


def test_another_practice_has_its_own_schedule(client: FlaskClient, manager: Person) -> None:
    """Nobody of here is on call there."""
    client.put(URL, json=_slots(manager), headers=signed_in(client, manager))
    headers = signed_in(client, a_user())
    assert client.get(f"{URL}now/", headers=headers).json["people"] == []
    assert datetime.fromisoformat(client.get(f"{URL}now/", headers=headers).json["at"]) <= datetime.now(UTC)

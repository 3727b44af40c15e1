"""The API of timers: one a person, paused and resumed, and what it becomes when it is stopped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.billing.time_logs import Activity
from app.domain.billing.timers import NewTimer
from app.domain.enrolment.programs import Program
from app.domain.roles import Role
from app.services.billing.timers import pause_timer, resume_timer, start_timer
from tests.builders import in_house
from tests.time_logs import LATELY, MINUTE, Desk, a_desk

NEW = NewTimer(Program.RPM, Activity.DATA_REVIEW)


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A nurse at work."""
    return a_desk(client)


def started(desk: Desk, **fields: Any) -> Any:
    """Start a timer over the API."""
    body = {"patient_id": str(desk.patient_id), "program": "RPM", "activity": "data_review", **fields}
    return desk.post("start/", body)


def ran(desk: Desk, *marks: int) -> None:
    """Start a timer so many minutes after this morning's start, then pause and resume it in turn."""
    with in_house(desk.person.actor):
        start_timer(desk.person.actor, desk.patient_id, NEW, LATELY + marks[0] * MINUTE)
        for number, mark in enumerate(marks[1:]):
            turn = resume_timer if number % 2 else pause_timer
            turn(desk.person.actor, LATELY + mark * MINUTE)


def test_a_timer_is_started_seen_paused_resumed_and_stopped(desk: Desk) -> None:
    """From nothing to an entry with the note."""
    assert desk.get("timer/").json == {"timer": None}
    assert started(desk).status_code == 201
    assert desk.get("timer/").json["timer"]["is_running"] is True
    assert [desk.post("pause/").json["is_running"] for _ in range(2)] == [False, False]
    assert [desk.post("resume/").json["is_running"] for _ in range(2)] == [True, True]
    logs = desk.post("stop/", {"note": "all well", "mode": "phone", "activity": "patient_contact"}).json["time_logs"]
    assert {(one["source"], one["note"], one["is_interactive"]) for one in logs} == {("timer", "all well", True)}
    assert desk.get("timer/").json == {"timer": None}


def test_the_pauses_of_a_timer_are_not_logged(desk: Desk) -> None:
    """Each stretch is an entry of its own, and all name the timer."""
    ran(desk, 0, 5, 8, 10)
    assert desk.get("timer/").json["timer"]["elapsed_seconds"] == 420
    logs = desk.post("stop/", {}).json["time_logs"]
    assert [one["duration_seconds"] for one in logs] == [300, 120]
    assert len({one["source_id"] for one in logs}) == 1


def test_a_person_has_one_timer_and_a_colleague_another(desk: Desk) -> None:
    """The refusal names the open one."""
    first = started(desk).json
    answer = started(desk)
    assert (answer.status_code, answer.json["code"]) == (409, "timer_running")
    assert answer.json["conflicting_ids"] == [first["id"]]
    assert started(desk.beside()).status_code == 201


@pytest.mark.parametrize("action", ["pause/", "resume/", "stop/"])
def test_without_a_timer_there_is_nothing_to_do(desk: Desk, action: str) -> None:
    """409."""
    answer = desk.post(action)
    assert (answer.status_code, answer.json["code"]) == (409, "timer_not_running")


def test_minutes_in_which_the_timer_runs_are_not_logged_by_hand_as_well(desk: Desk) -> None:
    """Those before it are."""
    ran(desk, 0)
    timer = desk.get("timer/").json["timer"]
    answer = desk.post("", desk.body(1, 5))
    assert (answer.status_code, answer.json["conflicting_ids"]) == (409, [timer["id"]])
    assert desk.post("", desk.body(-5, 5)).status_code == 201


def test_a_timer_that_cannot_be_logged_stays_open(desk: Desk) -> None:
    """It ran over night: more than eight hours; told when work ended, it is logged."""
    with in_house(desk.person.actor):
        start_timer(desk.person.actor, desk.patient_id, NEW, LATELY - timedelta(hours=3))
    refused = desk.post("stop/", {"note": "late"})
    assert (refused.status_code, list(refused.json["field_errors"])) == (400, ["ended_at"])
    assert desk.get("timer/").json["timer"]["is_running"] is True
    ended_at = (LATELY - timedelta(hours=2)).isoformat()
    (log,) = desk.post("stop/", {"note": "late", "ended_at": ended_at}).json["time_logs"]
    assert log["duration_seconds"] == 3600


@pytest.mark.parametrize("ended_at", [LATELY - MINUTE, datetime.now(UTC) + timedelta(hours=1)])
def test_a_timer_does_not_end_before_it_began_or_in_the_future(desk: Desk, ended_at: datetime) -> None:
    """400, and it stays open."""
    ran(desk, 0)
    assert desk.post("stop/", {"ended_at": ended_at.isoformat()}).status_code == 400
    assert desk.get("timer/").json["timer"] is not None


def test_a_timer_can_be_thrown_away(desk: Desk) -> None:
    """No entry, and another can be started; with a note there would be something to keep."""
    started(desk)
    assert desk.post("stop/", {"discard": True, "note": "x"}).status_code == 400
    assert desk.post("stop/", {"discard": True}).json == {"time_logs": []}
    assert (desk.get().json["count"], started(desk).status_code) == (0, 201)


def test_who_only_reads_starts_no_timer(desk: Desk) -> None:
    """A billing manager has none."""
    reader = desk.beside(Role.BILLING_MANAGER)
    assert started(reader).status_code == 403
    assert reader.get("timer/").json == {"timer": None}

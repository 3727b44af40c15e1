"""Calls with patients over HTTP: recorded, their minutes in the time log, voided, corrected, beside a timer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.domain.billing.time_logs import Activity
from app.domain.billing.timers import NewTimer
from app.domain.enrolment.programs import Program
from app.domain.roles import Role
from app.extensions import db
from app.models import PatientCall
from app.services.billing.timers import find_timer, start_timer
from tests.builders import a_patient, in_house
from tests.time_logs import LATELY, MINUTE, Desk, a_desk


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A nurse at work."""
    return a_desk(client)


def _url(desk: Desk, path: str = "") -> str:
    return f"/api/v1/patients/{desk.patient_id}/calls/{path}"


def _body(start: int = 0, took: int = 10, **fields: Any) -> dict[str, Any]:
    begin, end = LATELY + start * MINUTE, LATELY + (start + took) * MINUTE
    times = {"started_at": begin.isoformat(), "ended_at": end.isoformat()}
    return {"mode": "phone", "outcome": "reached", "note": "Feels well.", **times, **fields}


def _post(desk: Desk, body: dict[str, Any], path: str = "", **headers: str) -> Any:
    return desk.client.post(_url(desk, path), json=body, headers={**desk.headers, **headers})


def _record(desk: Desk, *args: int, **fields: Any) -> dict[str, Any]:
    answer = _post(desk, _body(*args, **fields))
    assert answer.status_code == 201, answer.text
    recorded: dict[str, Any] = answer.json
    return recorded


def _get(desk: Desk, path: str = "") -> Any:
    return desk.client.get(_url(desk, path), headers=desk.headers).json


def _entries(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.get(voided="false", **query).json["results"]
    return found


def test_a_call_is_recorded_and_read_back(desk: Desk) -> None:
    """With who, which way, when and what was said; the latest first."""
    first, second = _record(desk), _record(desk, 20, mode="video", direction="inbound", note=None)
    assert (first["user_id"], first["direction"], first["note"]) == (
        desk.person.actor.user_id, "outbound", "Feels well."
    )  # fmt: skip
    assert [one["id"] for one in _get(desk)["results"]] == [second["id"], first["id"]]
    first.pop("not_logged")
    assert _get(desk, f"{first['id']}/") == first


def test_the_note_is_stored_encrypted(desk: Desk) -> None:
    """No word of it stands in the table."""
    recorded = _record(desk)
    with in_house(desk.person.actor):
        row = db.session.query(PatientCall).one()
        assert row.note == "Feels well."
        assert b"Feels" not in (row.note_enc or b"")
    assert str(row.id) == recorded["id"]


@pytest.mark.parametrize("mode", ["phone", "video"])
def test_a_call_that_reached_somebody_flows_into_the_time_log_as_a_live_contact(desk: Desk, mode: str) -> None:
    """Linked both ways, with the call's times, program and note."""
    call = _record(desk, mode=mode, program="CCM")
    entry = _entries(desk)[0]
    named = ("id", "source", "source_id", "program", "activity", "mode", "is_interactive", "started_at", "note")
    assert tuple(entry[name] for name in named) == (
        call["time_log_id"], "call", call["id"], "CCM", "patient_contact", mode, True, call["started_at"], "Feels well."
    )  # fmt: skip
    assert (entry["duration_seconds"], call["not_logged"]) == (600, None)


@pytest.mark.parametrize("outcome", ["no_answer", "left_message"])
def test_a_call_that_reached_nobody_is_neither_time_nor_contact(desk: Desk, outcome: str) -> None:
    """No source says that its minutes count: it is on record, and what counts beside it is logged by hand."""
    call = _record(desk, outcome=outcome)
    assert (call["time_log_id"], _entries(desk)) == (None, [])


def test_the_end_and_the_minutes_say_when_it_was(desk: Desk) -> None:
    """Two of the three suffice; minutes alone end now; who reached nobody need say neither."""
    end = (LATELY + 10 * MINUTE).isoformat()
    told = {"mode": "phone", "outcome": "reached", "minutes": 10}
    for times in ({"started_at": LATELY.isoformat()}, {"ended_at": end}):
        call = _post(desk, {**told, **times}).json
        assert datetime.fromisoformat(call["started_at"]) == LATELY
        assert datetime.fromisoformat(call["ended_at"]) == LATELY + 10 * MINUTE
        assert _post(desk, {"reason": "Again."}, f"{call['id']}/void/").status_code == 200
    just_now = _post(desk, told).json
    took = datetime.fromisoformat(just_now["ended_at"]) - datetime.fromisoformat(just_now["started_at"])
    assert took == 10 * MINUTE
    assert _post(desk, {"mode": "phone", "outcome": "no_answer"}).status_code == 201


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"mode": "in_person"}, "mode"),
        ({"outcome": "busy"}, "outcome"),
        ({"ended_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "ended_at"),
        ({"ended_at": (LATELY - MINUTE).isoformat()}, "ended_at"),
        ({"ended_at": LATELY.isoformat()}, "minutes"),
        ({"minutes": 10}, "minutes"),
        ({"minutes": 481, "ended_at": None}, "minutes"),
        ({"started_at": (LATELY - timedelta(hours=8)).isoformat()}, "ended_at"),
        ({"credential": "physician"}, "credential"),
        ({"corrects": str(uuid4())}, "reason"),
        ({"reason": "Typo."}, "reason"),
        ({"corrects": str(uuid4()), "reason": "Typo."}, "corrects"),
        ({"answered": True}, "answered"),
    ],
)
def test_what_is_not_right_is_refused_by_name(desk: Desk, fields: dict[str, Any], wrong: str) -> None:
    """400, and nothing is written."""
    answer = _post(desk, _body(**fields))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [wrong])
    assert (_get(desk)["count"], _entries(desk)) == (0, [])


def test_minutes_that_are_logged_already_are_not_logged_twice(desk: Desk) -> None:
    """The call stands, and tells the rule and the rows that its minutes are in."""
    entry = desk.log(5, 10)
    call = _record(desk)
    assert (call["time_log_id"], call["not_logged"]) == (
        None, {"rule": "TIME_DOUBLE_COUNTED", "conflicting_ids": [entry["id"]]}
    )  # fmt: skip
    assert [one["id"] for one in _entries(desk)] == [entry["id"]]


def test_the_timer_leaves_out_the_minutes_of_a_call_and_runs_on(desk: Desk) -> None:
    """No minute is lost and none is counted twice; the contact stays a live one."""
    with in_house(desk.person.actor):
        start_timer(desk.person.actor, desk.patient_id, NewTimer(Program.RPM, Activity.DATA_REVIEW), LATELY)
    call = _record(desk, 5, 7)
    assert call["not_logged"] is None
    with in_house(desk.person.actor):
        timer = find_timer(desk.person.actor, LATELY + 20 * MINUTE)
        assert timer is not None
        assert (timer.elapsed, timer.is_running) == (13 * MINUTE, True)
    assert desk.post("stop/", {"ended_at": (LATELY + 20 * MINUTE).isoformat()}).status_code == 200
    spans = [(one["source"], one["duration_seconds"]) for one in _entries(desk, ordering="started_at")]
    assert spans == [("timer", 300), ("call", 420), ("timer", 480)]


def test_a_timer_on_another_patient_stands_in_the_way_of_the_minutes(desk: Desk) -> None:
    """Nobody is at two places at once."""
    with in_house(desk.person.actor):
        other = a_patient(desk.person.actor).id
        timer = start_timer(desk.person.actor, other, NewTimer(Program.RPM, Activity.DATA_REVIEW), LATELY).timer.id
    told = {"rule": "ONE_PLACE_AT_A_TIME", "conflicting_ids": [str(timer)]}
    assert _record(desk)["not_logged"] == told


def test_voiding_a_call_takes_its_minutes_with_it(desk: Desk) -> None:
    """Both stay on record with the reason; once, and for who has seen the newest version."""
    call = _record(desk)
    path = f"{call['id']}/void/"
    assert _post(desk, {"reason": "Wrong."}, path, **{"If-Match": '"9"'}).status_code == 412
    voided = _post(desk, {"reason": "Wrong patient."}, path, **{"If-Match": '"1"'}).json
    assert (voided["void_reason"], voided["time_log_id"], _entries(desk)) == ("Wrong patient.", None, [])
    entry = desk.get(f"{call['time_log_id']}/").json
    assert (entry["void_reason"], entry["voided_by"]) == ("Wrong patient.", desk.person.actor.user_id)
    assert _post(desk, {"reason": "Again."}, path).status_code == 409


def test_a_correction_stands_in_for_the_call_and_its_minutes(desk: Desk) -> None:
    """The former is void and named; of three corrections only the last counts; a void call is not corrected."""
    first = _record(desk)
    second = _record(desk, 0, 25, corrects=first["id"], reason="It was longer.")
    assert (second["corrects"], [one["duration_seconds"] for one in _entries(desk)]) == (first["id"], [1500])
    third = _record(desk, 0, 25, outcome="no_answer", corrects=second["id"], reason="It was the mailbox.")
    assert (third["time_log_id"], _entries(desk), _get(desk)["count"]) == (None, [], 3)
    again = _post(desk, _body(corrects=first["id"], reason="Once more."))
    assert again.status_code == 409


def test_an_entry_of_a_call_says_what_the_call_says(desk: Desk) -> None:
    """When and how is the call's to say; program, credential and note may be put right."""
    entry = f"{_record(desk)['time_log_id']}/"
    later = (LATELY + 30 * MINUTE).isoformat()
    for change in ({"ended_at": later}, {"mode": "video"}, {"is_interactive": False}):
        assert desk.patch(entry, {**change, "reason": "Longer."}).status_code == 409
    assert desk.patch(entry, {"program": "CCM", "reason": "Wrong program."}).json["program"] == "CCM"


def test_colleagues_read_a_call_and_only_managers_change_it(client: FlaskClient, desk: Desk) -> None:
    """Whose minutes they are says so; a manager's correction leaves the call its caller's."""
    call = _record(desk)
    colleague, manager = desk.beside(Role.PROVIDER), desk.beside(Role.CLINICAL_MANAGER)
    assert _get(colleague, f"{call['id']}/")["id"] == call["id"]
    assert _post(colleague, {"reason": "Not mine."}, f"{call['id']}/void/").status_code == 403
    corrected = _record(manager, 0, 12, corrects=call["id"], reason="She told me.")
    assert (corrected["user_id"], corrected["not_logged"]) == (desk.person.actor.user_id, None)
    assert [one["user_id"] for one in _entries(manager)] == [desk.person.actor.user_id]


def test_another_patients_call_is_not_found(desk: Desk) -> None:
    """Under the wrong patient the id is nobody's."""
    call = _record(desk)
    with in_house(desk.person.actor):
        other = a_patient(desk.person.actor).id
    url = f"/api/v1/patients/{other}/calls/{call['id']}/"
    assert desk.client.get(url, headers=desk.headers).status_code == 404
    void = desk.client.post(f"{url}void/", json={"reason": "x"}, headers=desk.headers)
    assert void.status_code == 404


def test_calls_stand_in_the_timeline(desk: Desk) -> None:
    """With what came of them."""
    _record(desk)
    _record(desk, 20, 1, outcome="left_message", note=None, direction="outbound")
    feed = desk.client.get(f"/api/v1/patients/{desk.patient_id}/timeline/?kind=call", headers=desk.headers).json
    assert [item["summary"] for item in feed["results"]] == [
        "Called the patient by phone, left a message, 1 min 00 s",
        "Called the patient by phone, 10 min 00 s: Feels well.",
    ]

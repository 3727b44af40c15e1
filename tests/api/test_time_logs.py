"""The API of logged time: writing, reading, correcting, voiding, totals and gaps."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient
from tests.time_logs import LATELY, MINUTE, Desk, a_desk

MONTH = f"{LATELY:%Y-%m}"


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """A nurse at work."""
    return a_desk(client)


def test_an_entry_is_written_and_read_back(desk: Desk) -> None:
    """With the defaults of who writes it."""
    written = desk.log(activity="patient_contact", mode="phone")
    assert {name: written[name] for name in ("user_id", "credential", "is_interactive", "source", "voided_at")} == {
        "user_id": desk.person.actor.user_id, "credential": "clinical", "is_interactive": True, "source": "manual",
        "voided_at": None,
    }  # fmt: skip
    read = desk.get(f"{written['id']}/")
    assert (read.json, read.headers["ETag"]) == (written, '"1"')
    assert (read.json["duration_seconds"], read.json["note"]) == (600, "trend looked at")


def test_seconds_keep_their_decimals(desk: Desk) -> None:
    """Nothing is rounded."""
    ended_at = (LATELY + timedelta(seconds=61, microseconds=250_000)).isoformat()
    assert desk.log(ended_at=ended_at)["duration_seconds"] == 61.25


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"ended_at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}, "ended_at"),
        ({"ended_at": LATELY.isoformat()}, "ended_at"),
        ({"started_at": (LATELY - timedelta(hours=8)).isoformat()}, "ended_at"),
        ({"started_at": "2026-01-05T10:00:00"}, "started_at"),
        ({"is_interactive": True, "mode": "message"}, "is_interactive"),
        ({"credential": "physician"}, "credential"),
        ({"user_id": 1}, "user_id"),
        ({"patient_id": str(uuid4())}, "patient_id"),
        ({"activity": "reading"}, "activity"),
        ({"duration": 20}, "duration"),
    ],
)
def test_what_is_not_right_is_refused_by_name(desk: Desk, fields: dict[str, Any], wrong: str) -> None:
    """400, and nothing is written."""
    answer = desk.post("", desk.body(**fields))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [wrong])
    assert desk.get().json["count"] == 0


@pytest.mark.parametrize(("start", "minutes", "status"), [(-10, 10, 201), (10, 10, 201), (9, 1, 409), (-5, 30, 409)])
def test_one_person_is_at_one_place_at_a_time(desk: Desk, start: int, minutes: int, status: int) -> None:
    """End to start is no overlap; a minute is, and so is what lies around."""
    desk.log()
    other = str(a_patient(desk.person.actor).id)
    assert desk.post("", desk.body(start, minutes, patient_id=other)).status_code == status


def test_the_refusal_cites_the_rule_and_the_rows_in_its_way(desk: Desk) -> None:
    """The same minutes in another program count once; with another patient nobody can be at the same time."""
    first, second = desk.log(), desk.log(10)
    twice = desk.post("", desk.body(5, 10, program="CCM")).json
    assert (twice["code"], twice["rule"]) == ("time_overlap", "TIME_DOUBLE_COUNTED")
    assert set(twice["conflicting_ids"]) == {first["id"], second["id"]}
    other = str(a_patient(desk.person.actor).id)
    elsewhere = desk.post("", desk.body(5, 5, patient_id=other)).json
    assert (elsewhere["rule"], elsewhere["conflicting_ids"]) == ("ONE_PLACE_AT_A_TIME", [first["id"]])


def test_two_people_at_once_are_stored_counted_once_and_told(desk: Desk) -> None:
    """Each has an entry; the month has the minutes once."""
    desk.log()
    desk.beside().log(5)
    (total,) = desk.get("totals/", month=MONTH, patient_id=str(desk.patient_id)).json["results"]
    assert (total["seconds"], total["doubled_seconds"], total["entries"]) == (900, 300, 2)
    kinds = [gap["kind"] for gap in desk.get("gaps/", month=MONTH).json["results"]]
    assert kinds.count("TIME_DOUBLE_COUNTED") == 1


def test_own_means_own(desk: Desk) -> None:
    """A nurse sees and changes what is hers; another's entry is like none at all."""
    theirs, nurse = desk.log(), desk.beside()
    path = f"{theirs['id']}/"
    assert nurse.get().json["count"] == 0
    answers = [
        nurse.get(path), nurse.get(f"{path}history/"), nurse.patch(path, {"note": "x", "reason": "y"}),
        nurse.post(f"{path}void/", {"reason": "y"}),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [404] * 4


@pytest.mark.parametrize(
    ("role", "sees", "writes"),
    [(Role.ADMIN, 200, 403), (Role.BILLING_MANAGER, 200, 403), (Role.CLINICAL_MANAGER, 200, 201)],
)
def test_who_reads_everybodys_time_and_who_writes_it(desk: Desk, role: Role, sees: int, writes: int) -> None:
    """The manager writes for others; the others only look."""
    logged, theirs = desk.log(), desk.beside(role)
    assert theirs.get(f"{logged['id']}/").status_code == sees
    body = desk.body(20, user_id=desk.person.actor.user_id)
    assert theirs.post("", body).status_code == writes


def test_an_edit_keeps_what_stood_there_with_who_and_why(desk: Desk) -> None:
    """Each state is one line of the history, the latest first."""
    path = f"{desk.log()['id']}/"
    first = desk.patch(
        path, {"note": "called back", "activity": "patient_contact", "mode": "phone", "reason": "forgot"}
    )
    assert (first.status_code, first.headers["ETag"], first.json["note"]) == (200, '"2"', "called back")
    ended_at = (LATELY + 12 * MINUTE).isoformat()
    assert desk.patch(path, {"ended_at": ended_at, "reason": "longer"}).json["duration_seconds"] == 720
    history = desk.get(f"{path}history/").json["results"]
    assert [(one["version"], one["note"], one["activity"], one["reason"]) for one in history] == [
        (2, "called back", "patient_contact", "longer"), (1, "trend looked at", "data_review", "forgot"),
    ]  # fmt: skip
    assert {one["changed_by"] for one in history} == {desk.person.actor.user_id}


def test_an_edit_that_changes_nothing_leaves_no_trace(desk: Desk) -> None:
    """Neither version nor history."""
    path = f"{desk.log()['id']}/"
    answer = desk.patch(path, {"note": "trend looked at", "reason": "none"})
    assert (answer.headers["ETag"], desk.get(f"{path}history/").json["count"]) == ('"1"', 0)


def test_an_edit_obeys_the_rules_of_a_new_entry(desk: Desk) -> None:
    """Overlap, times, version, reason; a contact that was a message after all is no live one."""
    call = desk.log(activity="patient_contact", mode="phone")
    path, other = f"{call['id']}/", desk.log(20)
    wide = {"ended_at": (LATELY + 21 * MINUTE).isoformat(), "reason": "longer"}
    answer = desk.patch(path, wide)
    assert (answer.status_code, answer.json["conflicting_ids"]) == (409, [other["id"]])
    assert desk.patch(path, {"ended_at": call["started_at"], "reason": "x"}).status_code == 400
    assert desk.patch(path, {"note": "x"}).status_code == 400
    assert desk.patch(path, {"note": "x", "reason": "y"}, **{"If-Match": '"9"'}).status_code == 412
    assert desk.patch(path, {"mode": "message", "reason": "x"}).json["is_interactive"] is False


def test_a_void_entry_counts_no_more_and_gives_its_minutes_free(desk: Desk) -> None:
    """It stays on record with the reason, and changes no more."""
    path = f"{desk.log()['id']}/"
    voided = desk.post(f"{path}void/", {"reason": "wrong patient"})
    assert (voided.status_code, voided.json["void_reason"]) == (200, "wrong patient")
    assert desk.get("totals/", month=MONTH).json["results"] == []
    assert desk.post(f"{path}void/", {"reason": "again"}).status_code == 409
    assert desk.patch(path, {"note": "x", "reason": "y"}).status_code == 409
    assert desk.log()["id"] != voided.json["id"]
    assert [desk.get(voided=flag).json["count"] for flag in ("true", "false")] == [1, 1]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3), ({"program": "CCM"}, 1), ({"activity": "data_review"}, 2), ({"source": "timer"}, 0),
        ({"month": MONTH}, 3), ({"month": "2020-02"}, 0), ({"user_id": 1}, 0),
    ],
)  # fmt: skip
def test_the_list_is_filtered(desk: Desk, query: dict[str, Any], count: int) -> None:
    """By what was done and when."""
    desk.log()
    desk.log(10, program="CCM")
    desk.log(20, activity="setup")
    assert desk.get(**query).json["count"] == count


def test_the_list_is_ordered_by_the_documented_orders_only(desk: Desk) -> None:
    """The latest first, unless asked otherwise."""
    ids = [desk.log(start)["id"] for start in (0, 10)]
    assert [one["id"] for one in desk.get().json["results"]] == ids[::-1]
    assert [one["id"] for one in desk.get(ordering="started_at").json["results"]] == ids
    assert desk.get(ordering="note").status_code == 400


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "2026-01-01", "x"])
def test_a_month_that_is_none_is_refused(desk: Desk, month: str) -> None:
    """In each list."""
    assert {desk.get(path, month=month).status_code for path in ("", "totals/", "gaps/")} == {400}


@pytest.mark.parametrize(
    ("zone", "month", "seconds"),
    [("UTC", "2026-02", 540), ("UTC", "2026-03", 60), ("America/Chicago", "2026-02", 600),
     ("Pacific/Kiritimati", "2026-03", 600)],
)  # fmt: skip
def test_a_month_ends_where_the_patient_lives(client: FlaskClient, zone: str, month: str, seconds: int) -> None:
    """Ten minutes around midnight of UTC, cut by the patient's own clock."""
    desk = a_desk(client, timezone=zone)
    desk.log(started_at="2026-02-28T23:51:00Z", ended_at="2026-03-01T00:01:00Z")
    (total,) = desk.get("totals/", month=month).json["results"]
    assert total["seconds"] == seconds
    assert desk.get(month=month).json["count"] == 1


def test_totals_are_the_whole_teams(desk: Desk) -> None:
    """How many minutes a patient has decides who calls; live contacts and seconds within them apart."""
    desk.log()
    desk.beside(Role.PROVIDER).log(20, 5, activity="patient_contact", mode="video")
    (total,) = desk.get("totals/", month=MONTH).json["results"]
    assert (total["seconds"], total["interactive_seconds"], total["live_contacts"]) == (900, 300, 1)


def test_gaps_name_what_is_missing_and_the_entries(desk: Desk) -> None:
    """Before the month ends: no note, no contact's mode, nothing on record, no live contact yet."""
    logged = desk.log(activity="patient_contact", note="")
    gaps = desk.get("gaps/", month=MONTH, patient_id=str(desk.patient_id)).json["results"]
    assert {gap["kind"] for gap in gaps} == {
        "NO_NOTE", "NO_MODE", "NO_INTERACTIVE", "NOT_ENROLLED", "NO_CONSENT", "NO_ORDER", "NO_DX"
    }  # fmt: skip
    assert all(gap["time_log_ids"] == [logged["id"]] for gap in gaps)


def test_gaps_of_ones_own_and_of_everybody(desk: Desk) -> None:
    """A nurse sees what she can put right, the manager all of it."""
    desk.log(note="")
    assert desk.beside().get("gaps/", month=MONTH).json["count"] == 0
    assert (
        desk.beside(Role.CLINICAL_MANAGER).get("gaps/", month=MONTH).json["count"]
        == desk.get("gaps/", month=MONTH).json["count"]
    )


def test_a_repeated_post_with_a_key_writes_once(desk: Desk) -> None:
    """The second gets the first answer."""
    body = desk.body()
    answers = [desk.post("", body, **{"Idempotency-Key": "k-1"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert desk.get().json["count"] == 1


def test_time_is_in_the_timeline_for_those_who_may_see_it(desk: Desk) -> None:
    """One's own, or everybody's."""
    desk.log(activity="patient_contact", mode="phone")
    url = f"/api/v1/patients/{desk.patient_id}/timeline/?kind=time_log"
    seen = {}
    for name, one in {"own": desk, "other": desk.beside(), "manager": desk.beside(Role.CLINICAL_MANAGER)}.items():
        seen[name] = [item["summary"] for item in one.client.get(url, headers=one.headers).json["results"]]
    told = ["RPM time: patient contact, phone, 10 min 00 s"]
    assert seen == {"own": told, "other": [], "manager": told}

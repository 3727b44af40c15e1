"""Alerts over HTTP: the queue, folding, and what is done with them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from app.services.triage.overdue import keep_times_of
from tests.builders import Person, a_body, a_patient, a_reading, a_user, in_house, signed_in

URL = "/api/v1/triage/alerts/"
INGESTION = "/api/v1/ingestion/blood-pressure/"
RESOLUTION = {"outcome": "contacted_patient", "note": "Called: took no pill today."}


@dataclass
class Ward:
    """A practice with one patient, seen by one of its nurses."""

    client: FlaskClient
    person: Person = field(default_factory=lambda: a_user(role=Role.NURSE))

    def __post_init__(self) -> None:
        self.patient = a_patient(self.person.actor, first_name="Ann", last_name="Example")
        self.headers = signed_in(self.client, self.person)

    def alert(self, systolic: int = 150, **fields: Any) -> UUID:
        """Take in a reading and return the id of the alert it raised."""
        raised = a_reading(self.person.actor, self.patient.id, systolic, **fields).alert
        assert raised is not None
        return raised.id

    def do(self, alert_id: object, action: str, body: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """Post an action."""
        return self.client.post(f"{URL}{alert_id}/{action}/", json=body or {}, headers=self.headers | headers)

    def get(self, alert_id: object = "", query: str = "") -> Any:
        """Read one alert, or the list."""
        path = f"{URL}{alert_id}/" if alert_id else f"{URL}?{query}"
        return self.client.get(path, headers=self.headers).json

    def at(self, moment: datetime) -> None:
        """Let the clock of the practice do what is due then."""
        with in_house():
            keep_times_of(self.person.actor.practice_id, moment)

    def open_count(self) -> int:
        """Return the number on the board."""
        board = self.client.get("/api/v1/triage/patients/", headers=self.headers).json["results"]
        return int(board[0]["unacknowledged_alerts"])

    def decisions(self) -> list[str]:
        """Return what was decided, oldest first."""
        found = self.client.get("/api/v1/triage/audit/?ordering=at", headers=self.headers).json["results"]
        return [one["kind"] for one in found]


@pytest.fixture
def ward(client: FlaskClient) -> Ward:
    """One practice."""
    return Ward(client)


def test_an_alert_in_the_documented_shape(ward: Ward) -> None:
    """Field for field."""
    alert_id = ward.alert(142)
    alert = ward.get(alert_id)
    moments = {name: alert.pop(name) for name in ("raised_at", "last_raised_at", "due_at", "measured_at")}
    assert alert.pop("observation_id")
    assert alert == {
        "id": str(alert_id), "patient_id": str(ward.patient.id), "patient_name": "Ann Example", "mrn": "MRN-00001",
        "class": "medical", "level": "warning", "rule": "systolic_high",
        "message": "Systolic BP 142 exceeds threshold of 140 mmHg", "value": 142, "threshold": 140, "state": "active",
        "acknowledged": False, "occurrences": 1, "is_overdue": False, "acknowledged_at": None, "acknowledged_by": None,
        "acknowledged_by_name": None, "reaction_seconds": None, "assignee_id": None, "assignee_name": None,
        "snoozed_until": None, "snooze_reason": None, "cleared_at": None, "resolved_at": None, "resolved_by": None,
        "resolved_by_name": None, "outcome": None, "outcome_note": None,
    }  # fmt: skip
    due = datetime.fromisoformat(moments["due_at"]) - datetime.fromisoformat(moments["raised_at"])
    assert due == timedelta(hours=1)


def test_repeats_fold_into_one_alert_with_a_count(ward: Ward) -> None:
    """The newest reading speaks; the board counts one."""
    ids = {ward.alert(systolic) for systolic in (142, 151, 147)}
    listed = ward.get()
    assert (len(ids), listed["count"], ward.open_count()) == (1, 1, 1)
    assert listed["results"][0]["occurrences"] == 3
    assert listed["results"][0]["message"] == "Systolic BP 147 exceeds threshold of 140 mmHg"


def test_a_second_delivery_answers_with_its_own_details_and_is_not_counted(ward: Ward) -> None:
    """Although the alert speaks of a newer reading by now."""
    body = a_body(ward.patient.id, systolic=142)
    first = ward.client.post(INGESTION, json=body, headers=ward.headers)
    ward.alert(160, measured_at=datetime.now(UTC))
    again = ward.client.post(INGESTION, json=body, headers=ward.headers)
    assert (first.status_code, again.status_code, again.json) == (201, 200, first.json)
    assert ward.get()["results"][0]["occurrences"] == 2


def test_the_score_counts_every_occurrence_of_seven_days(ward: Ward) -> None:
    """Not the alerts they were folded into."""
    for _ in range(3):
        ward.alert(150)
    with in_house(ward.person.actor):
        line = ward.client.get("/api/v1/triage/patients/", headers=ward.headers).json["results"][0]
    once = 51 + round((150 - 140) / (180 - 140) * 15)
    assert line["risk_score"] == once + 3 * 2


def test_a_critical_value_is_an_alert_of_its_own_beside_the_warning(ward: Ward) -> None:
    """Due at once."""
    ward.alert(150)
    critical = ward.get(ward.alert(190))
    assert (ward.get()["count"], critical["level"], critical["due_at"]) == (2, "critical", critical["raised_at"])


def test_a_value_back_within_the_limit_clears_and_the_alert_still_waits(ward: Ward) -> None:
    """Cleared is not seen; a further breach makes it active again."""
    alert_id = ward.alert(150)
    a_reading(ward.person.actor, ward.patient.id, 120)
    assert (ward.get(alert_id)["state"], ward.open_count()) == ("cleared", 1)
    assert ward.alert(151) == alert_id
    assert (ward.get(alert_id)["state"], ward.open_count()) == ("active", 1)


def test_a_cleared_and_seen_alert_is_over_and_the_next_is_a_new_one(ward: Ward) -> None:
    """Whichever came first."""
    alert_id = ward.alert(150)
    ward.do(alert_id, "acknowledge")
    a_reading(ward.person.actor, ward.patient.id, 120)
    assert ward.alert(150) != alert_id


def test_a_repeat_of_a_seen_alert_asks_again(ward: Ward) -> None:
    """The same alert, to be acknowledged once more."""
    alert_id = ward.alert(150)
    ward.do(alert_id, "acknowledge")
    assert ward.open_count() == 0
    assert ward.alert(155) == alert_id
    assert (ward.get(alert_id)["acknowledged"], ward.open_count()) == (False, 1)


def test_acknowledging_measures_the_reaction_and_happens_once(ward: Ward) -> None:
    """With who it was."""
    alert_id = ward.alert()
    first, second = ward.do(alert_id, "acknowledge"), ward.do(alert_id, "acknowledge")
    assert (first.status_code, first.json) == (200, second.json)
    assert first.json["acknowledged_by_name"] == "Pat Tester"
    assert 0 <= first.json["reaction_seconds"] < 60
    assert (ward.open_count(), ward.decisions()) == (0, ["alert_acknowledged"])


def test_resolving_ends_an_alert_with_its_outcome(ward: Ward) -> None:
    """Cleared, acknowledged, in words; and only once."""
    alert_id = ward.alert()
    done = ward.do(alert_id, "resolve", RESOLUTION).json
    assert (done["state"], done["acknowledged"], done["outcome"]) == ("cleared", True, "contacted_patient")
    assert done["outcome_note"] == RESOLUTION["note"]
    assert ward.do(alert_id, "resolve", RESOLUTION).status_code == 409
    assert (ward.open_count(), ward.alert() == alert_id) == (0, False)


def test_a_snoozed_alert_counts_quietly_and_asks_again_when_the_time_is_over(ward: Ward) -> None:
    """If its condition lasts."""
    alert_id = ward.alert()
    until = datetime.now(UTC) + timedelta(hours=2)
    body = {"until": until.isoformat(), "reason": "New pill since this morning."}
    assert ward.do(alert_id, "snooze", body).json["snooze_reason"] == body["reason"]
    assert (ward.alert(155), ward.open_count()) == (alert_id, 0)
    ward.at(until)
    woken = ward.get(alert_id)
    assert (woken["acknowledged"], woken["snoozed_until"], ward.open_count()) == (False, None, 1)


def test_a_snoozed_alert_that_cleared_wakes_nobody(ward: Ward) -> None:
    """It is over."""
    alert_id = ward.alert()
    until = datetime.now(UTC) + timedelta(hours=2)
    ward.do(alert_id, "snooze", {"until": until.isoformat(), "reason": "Wait."})
    a_reading(ward.person.actor, ward.patient.id, 120)
    ward.at(until)
    assert ward.open_count() == 0


@pytest.mark.parametrize(
    ("systolic", "hours", "status"), [(190, 3, 200), (190, 5, 400), (150, 24, 200), (150, -1, 400)]
)
def test_how_far_an_alert_can_be_put_off(ward: Ward, systolic: int, hours: int, status: int) -> None:
    """A critical one less far."""
    until = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    assert ward.do(ward.alert(systolic), "snooze", {"until": until, "reason": "Wait."}).status_code == status


def test_an_alert_is_given_to_somebody_and_back(ward: Ward) -> None:
    """And found by it."""
    alert_id, colleague = ward.alert(), a_user(ward.person.actor.practice_id)
    given = ward.do(alert_id, "assign", {"assignee_id": colleague.actor.user_id}).json
    assert given["assignee_name"] == "Pat Tester"
    assert ward.get(query=f"assignee={colleague.actor.user_id}")["count"] == 1
    assert ward.do(alert_id, "assign", {"assignee_id": None}).json["assignee_id"] is None
    stranger = {"assignee_id": a_user().actor.user_id}
    assert list(ward.do(alert_id, "assign", stranger).json["field_errors"]) == ["assignee_id"]


def test_many_are_acknowledged_at_once(ward: Ward) -> None:
    """Each is told of; what is not there is said so, and stops nothing."""
    first, second, nobody = ward.alert(150), ward.alert(190), uuid4()
    foreign = Ward(ward.client).alert()
    ward.do(first, "acknowledge")
    ids = [str(one) for one in (first, second, nobody, foreign)]
    answer = ward.client.post(f"{URL}acknowledge/", json={"alert_ids": ids}, headers=ward.headers).json
    assert answer["acknowledged"] == 1
    told = [one["status"] for one in answer["results"]]
    assert told == ["already_acknowledged", "acknowledged", "not_found", "not_found"]
    assert ward.open_count() == 0


@pytest.mark.parametrize(
    ("query", "levels"),
    [
        ("level=critical", ["critical"]),
        ("acknowledged=true", ["warning"]),
        ("acknowledged=false", ["critical"]),
        ("state=cleared", []),
        ("class=compliance", []),
        ("class=medical&ordering=priority", ["critical", "warning"]),
        ("ordering=raised_at", ["warning", "critical"]),
        ("snoozed=true", []),
    ],
)
def test_the_queue_is_filtered_and_ordered(ward: Ward, query: str, levels: list[str]) -> None:
    """As asked."""
    ward.do(ward.alert(150), "acknowledge")
    ward.alert(190)
    assert [alert["level"] for alert in ward.get(query=query)["results"]] == levels


def test_a_stale_version_is_refused(ward: Ward) -> None:
    """What was not seen is not decided."""
    alert_id = ward.alert()
    tag = ward.client.get(f"{URL}{alert_id}/", headers=ward.headers).headers["ETag"]
    ward.alert(151)
    assert ward.do(alert_id, "resolve", RESOLUTION, **{"If-Match": tag}).status_code == 412


@pytest.mark.parametrize(
    ("role", "acknowledge", "resolve", "read"),
    [
        (Role.MA, 200, 403, 200),
        (Role.NURSE, 200, 200, 200),
        (Role.DATA_MONITOR, 403, 403, 200),
        (Role.ADMIN, 403, 403, 200),
        (Role.BILLING_MANAGER, 403, 403, 403),
    ],
)
def test_who_may_do_what(ward: Ward, role: Role, acknowledge: int, resolve: int, read: int) -> None:
    """A medical assistant acknowledges, a data monitor looks."""
    alert_id = ward.alert()
    ward.headers = signed_in(ward.client, a_user(ward.person.actor.practice_id, role))
    done = ward.do(alert_id, "acknowledge").status_code, ward.do(alert_id, "resolve", RESOLUTION).status_code
    assert (*done, ward.client.get(URL, headers=ward.headers).status_code) == (acknowledge, resolve, read)


def test_another_practices_alert_looks_like_one_that_never_was(ward: Ward) -> None:
    """404, on every door."""
    foreign = Ward(ward.client).alert()
    for action, body in (("acknowledge", {}), ("resolve", RESOLUTION), ("assign", {"assignee_id": None})):
        strange, random = ward.do(foreign, action, body), ward.do(uuid4(), action, body)
        assert (strange.status_code, strange.json) == (404, random.json)
    assert ward.get()["count"] == 0


def test_what_clinicians_write_is_stored_encrypted(ward: Ward, postgres: Any) -> None:
    """The reason, the note, and their copies among the decisions."""
    alert_id = ward.alert()
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    ward.do(alert_id, "snooze", {"until": until, "reason": "Canary sings."})
    ward.do(alert_id, "resolve", {"outcome": "no_action_needed", "note": "Canary sleeps."})
    stored = postgres.query(f"SELECT a, d FROM alerts a, triage_decisions d WHERE a.id = '{alert_id}'")
    assert stored.strip()
    assert "Canary" not in stored

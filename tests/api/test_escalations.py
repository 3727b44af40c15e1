"""Escalations over HTTP: calling for help, answering, moving on."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from app.domain.triage.events import AlertOverdue, AlertRaised, EscalationWaiting, TriageEvent
from app.services.triage import telling
from app.services.triage.overdue import keep_times_of
from tests.builders import Person, a_patient, a_reading, a_user, in_house, signed_in

URL = "/api/v1/triage/escalations/"


@dataclass
class Ward:
    """A practice with one patient, seen by one of its nurses."""

    client: FlaskClient
    person: Person = field(default_factory=lambda: a_user(role=Role.NURSE))

    def __post_init__(self) -> None:
        self.patient = a_patient(self.person.actor)
        self.headers = signed_in(self.client, self.person)

    def escalate(self, level: str = "stat", **fields: Any) -> TestResponse:
        """Call for help."""
        body = {"patient_id": str(self.patient.id), "level": level, "reason": "Dizzy since morning.", **fields}
        return self.client.post(URL, json=body, headers=self.headers)

    def do(self, escalation_id: object, action: str, body: dict[str, Any] | None = None) -> TestResponse:
        """Post an action."""
        return self.client.post(f"{URL}{escalation_id}/{action}/", json=body or {}, headers=self.headers)

    def get(self, path: str = "") -> Any:
        """Read one, or the list."""
        return self.client.get(f"{URL}{path}", headers=self.headers).json

    def at(self, moment: datetime) -> None:
        """Let the clock of the practice do what is due then."""
        with in_house():
            keep_times_of(self.person.actor.practice_id, moment)

    def line(self) -> dict[str, Any]:
        """Return the patient's line of the board."""
        found: dict[str, Any] = self.client.get("/api/v1/triage/patients/", headers=self.headers).json["results"][0]
        return found

    def alert(self, systolic: int = 150) -> UUID:
        """Take in a reading and return its alert."""
        raised = a_reading(self.person.actor, self.patient.id, systolic).alert
        assert raised is not None
        return raised.id


@pytest.fixture
def ward(client: FlaskClient) -> Ward:
    """One practice."""
    return Ward(client)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[TriageEvent]:
    """What people are told of from here on."""
    heard: list[TriageEvent] = []
    monkeypatch.setattr(telling, "LISTENERS", [lambda _session, event: heard.append(event)])
    return heard


def test_a_stat_waits_for_the_providers_when_nobody_is_on_call(ward: Ward) -> None:
    """With the level's own chain."""
    raised = ward.escalate()
    body = raised.json
    assert (raised.status_code, body["state"], body["role"], body["step"]) == (201, "open", "provider", 1)
    assert [step["minutes"] for step in body["steps"]] == [5, 5, 5]
    assert ward.get(f"{body['id']}/") == body


def test_a_stat_keeps_the_patient_critical_until_it_is_resolved(ward: Ward) -> None:
    """Although the reading is fine."""
    a_reading(ward.person.actor, ward.patient.id, 120)
    raised = ward.escalate().json["id"]
    assert (ward.line()["risk_level"], ward.line()["active_escalations"]) == ("critical", 1)
    ward.do(raised, "acknowledge")
    assert ward.line()["risk_level"] == "critical"
    ward.do(raised, "resolve", {"outcome": "Seen in the clinic."})
    assert (ward.line()["risk_level"], ward.line()["active_escalations"]) == ("normal", 0)


def test_a_stat_outlasts_the_next_reading(ward: Ward) -> None:
    """A good value does not take the help away."""
    ward.escalate()
    a_reading(ward.person.actor, ward.patient.id, 120)
    assert (ward.line()["risk_level"], ward.line()["risk_score"]) == ("critical", 76)


def test_an_urgent_one_changes_no_level(ward: Ward) -> None:
    """It is counted."""
    ward.escalate("urgent")
    assert (ward.line()["risk_level"], ward.line()["active_escalations"]) == ("no_data", 1)


def test_steps_are_asked_one_after_the_other_and_the_last_again(ward: Ward, told: list[TriageEvent]) -> None:
    """A person first, then a role."""
    first = a_user(ward.person.actor.practice_id).actor.user_id
    steps = [{"user_id": first, "minutes": 3}, {"role": "clinical_manager", "minutes": 7}]
    escalation = ward.escalate(steps=steps).json
    due = datetime.fromisoformat(escalation["due_at"])
    asked = []
    for minutes in (-1, 0, 6, 7):
        ward.at(due + timedelta(minutes=minutes))
        shown = ward.get(f"{escalation['id']}/")
        asked.append((shown["user_id"], shown["role"], shown["times_asked"]))
    assert asked == [
        (first, None, 1),
        (None, "clinical_manager", 2),
        (None, "clinical_manager", 2),
        (None, "clinical_manager", 3),
    ]
    assert [event.role for event in told if isinstance(event, EscalationWaiting)] == [
        None, Role.CLINICAL_MANAGER, Role.CLINICAL_MANAGER,
    ]  # fmt: skip


def test_nobody_else_is_asked_once_somebody_took_it_on(ward: Ward) -> None:
    """However late it is."""
    escalation_id = ward.escalate().json["id"]
    done = ward.do(escalation_id, "acknowledge").json
    ward.at(datetime.now(UTC) + timedelta(days=2))
    assert (done["acknowledged_by_name"], ward.get(f"{escalation_id}/")["times_asked"]) == ("Pat Tester", 1)
    assert ward.do(escalation_id, "acknowledge").json == done


def test_it_is_handed_on_and_must_be_answered_anew(ward: Ward) -> None:
    """By a person or a role; not by both, not by none, not by those who only watch."""
    escalation_id = ward.escalate().json["id"]
    ward.do(escalation_id, "acknowledge")
    handed = ward.do(escalation_id, "reassign", {"role": "nurse"}).json
    assert (handed["state"], handed["role"], handed["acknowledged_at"]) == ("open", "nurse", None)
    watcher = a_user(ward.person.actor.practice_id, Role.DATA_MONITOR).actor.user_id
    for body in ({}, {"role": "nurse", "user_id": 1}, {"user_id": watcher}, {"role": "data_monitor"}):
        assert ward.do(escalation_id, "reassign", body).status_code == 400


def test_an_ended_escalation_is_over(ward: Ward) -> None:
    """Every further step conflicts."""
    escalation_id = ward.escalate().json["id"]
    assert ward.do(escalation_id, "resolve", {"outcome": "Seen."}).json["outcome"] == "Seen."
    for action, body in (("acknowledge", {}), ("reassign", {"role": "nurse"}), ("resolve", {"outcome": "Again."})):
        assert ward.do(escalation_id, action, body).status_code == 409


def test_escalating_an_alert_acknowledges_it_and_once_a_level(ward: Ward) -> None:
    """Who calls for help has seen it."""
    alert_id = str(ward.alert())
    assert ward.escalate("urgent", alert_id=alert_id).json["alert_id"] == alert_id
    assert ward.line()["unacknowledged_alerts"] == 0
    assert ward.escalate("urgent", alert_id=alert_id).status_code == 409
    assert ward.escalate("stat", alert_id=alert_id).status_code == 201


@pytest.mark.parametrize(("systolic", "minutes", "level"), [(190, 5, "urgent"), (150, 60, "routine")])
def test_an_alert_that_nobody_acknowledges_escalates_by_itself_once(
    ward: Ward, told: list[TriageEvent], systolic: int, minutes: int, level: str
) -> None:
    """When its time is over, not before."""
    alert_id, at = ward.alert(systolic), datetime.now(UTC)
    ward.at(at + timedelta(minutes=minutes, seconds=-30))
    assert ward.get()["count"] == 0
    for _ in range(2):
        ward.at(at + timedelta(minutes=minutes, seconds=1))
    raised = ward.get()["results"]
    assert [(one["level"], one["alert_id"], one["raised_by"]) for one in raised] == [(level, str(alert_id), None)]
    assert [event.alert_id for event in told if isinstance(event, AlertOverdue)] == [alert_id]


def test_an_alert_that_was_seen_and_a_warning_that_has_cleared_do_not_escalate(ward: Ward) -> None:
    """The warning does when it comes back before anybody has seen it, at once: its time has long been over."""
    seen = ward.alert(190)
    ward.client.post(f"/api/v1/triage/alerts/{seen}/acknowledge/", headers=ward.headers)
    warning = ward.alert(150)
    a_reading(ward.person.actor, ward.patient.id, 120)
    ward.at(datetime.now(UTC) + timedelta(days=1))
    assert ward.get()["count"] == 0
    assert ward.alert(151) == warning
    ward.at(datetime.now(UTC) + timedelta(days=1))
    assert [(one["level"], one["alert_id"]) for one in ward.get()["results"]] == [("routine", str(warning))]


def test_a_critical_alert_that_nobody_saw_escalates_although_it_has_cleared(ward: Ward) -> None:
    """The next value is normal; the one before may have been true. It says so, and it does not ask twice."""
    critical = ward.alert(190)
    a_reading(ward.person.actor, ward.patient.id, 120)
    ward.at(datetime.now(UTC) + timedelta(minutes=4))
    assert ward.get()["count"] == 0
    for minutes in (6, 7):
        ward.at(datetime.now(UTC) + timedelta(minutes=minutes))
    [raised] = ward.get()["results"]
    assert (raised["level"], raised["alert_id"], raised["raised_by"]) == ("urgent", str(critical), None)
    assert "though it has cleared since: Systolic BP 190" in raised["reason"]


@pytest.mark.parametrize(("hours_ago", "escalated"), [(23, 1), (25, 0)])
def test_a_critical_value_that_came_days_late_with_normal_ones_after_it_calls_nobody(
    ward: Ward, hours_ago: int, escalated: int
) -> None:
    """What a device remembered, or another system sent in bulk; it waits in the queue."""
    for hours, systolic in ((hours_ago, 190), (hours_ago - 1, 120)):
        measured_at = datetime.now(UTC) - timedelta(hours=hours)
        a_reading(ward.person.actor, ward.patient.id, systolic, measured_at=measured_at)
    ward.at(datetime.now(UTC) + timedelta(minutes=6))
    assert (ward.get()["count"], ward.line()["unacknowledged_alerts"]) == (escalated, 1)


def test_a_critical_reading_that_was_voided_calls_nobody(ward: Ward) -> None:
    """It never was."""
    alert_id = ward.alert(190)
    alert = ward.client.get(f"/api/v1/triage/alerts/{alert_id}/", headers=ward.headers).json
    voided = ward.client.post(
        f"/api/v1/observations/{alert['observation_id']}/void/", json={"reason": "Wrong arm."}, headers=ward.headers
    )
    assert voided.status_code == 200
    ward.at(datetime.now(UTC) + timedelta(minutes=6))
    assert ward.get()["count"] == 0


@pytest.mark.parametrize(("action", "body"), [("acknowledge", {}), ("resolve", {"outcome": "Called: a wrong cuff."})])
def test_taking_on_or_ending_an_escalation_acknowledges_the_alert_it_came_from(
    ward: Ward, action: str, body: dict[str, str]
) -> None:
    """One key for both; who knows how it ended has seen how it began."""
    alert_id = ward.alert(190)
    ward.at(datetime.now(UTC) + timedelta(minutes=6))
    assert ward.do(ward.get()["results"][0]["id"], action, body).status_code == 200
    alert = ward.client.get(f"/api/v1/triage/alerts/{alert_id}/", headers=ward.headers).json
    assert (alert["acknowledged"], alert["acknowledged_by"]) == (True, ward.person.actor.user_id)
    assert ward.line()["unacknowledged_alerts"] == 0


def test_a_critical_alert_is_told_at_once_and_when_it_is_raised_again(ward: Ward, told: list[TriageEvent]) -> None:
    """Repeats that nobody has seen yet are no news."""
    alert_id = ward.alert(190)
    ward.alert(191)
    ward.client.post(f"/api/v1/triage/alerts/{alert_id}/acknowledge/", headers=ward.headers)
    ward.alert(192)
    assert [event.is_repeat for event in told if isinstance(event, AlertRaised)] == [False, True]


@pytest.mark.parametrize(
    ("query", "count"),
    [("level=stat", 1), ("open=true", 1), ("open=false", 1), ("state=resolved", 1), ("ordering=due_at", 2)],
)
def test_the_list_is_filtered(ward: Ward, query: str, count: int) -> None:
    """By level, state, whether it is open."""
    ward.do(ward.escalate("routine").json["id"], "resolve", {"outcome": "Done."})
    ward.escalate("stat")
    assert ward.get(f"?{query}")["count"] == count


@pytest.mark.parametrize(
    ("role", "raising", "acknowledging"),
    [(Role.MA, 403, 200), (Role.PROVIDER, 201, 200), (Role.DATA_MONITOR, 403, 403), (Role.ADMIN, 403, 403)],
)
def test_who_may_call_and_who_may_answer(ward: Ward, role: Role, raising: int, acknowledging: int) -> None:
    """A medical assistant answers only."""
    escalation_id = ward.escalate("urgent").json["id"]
    ward.headers = signed_in(ward.client, a_user(ward.person.actor.practice_id, role))
    assert (ward.escalate().status_code, ward.do(escalation_id, "acknowledge").status_code) == (raising, acknowledging)


def test_nothing_of_another_practice_can_be_named_or_seen(ward: Ward) -> None:
    """Patients, alerts, people, escalations."""
    other = Ward(ward.client)
    foreign = other.escalate().json["id"]
    assert ward.escalate(patient_id=str(other.patient.id)).status_code == 404
    assert list(ward.escalate(alert_id=str(other.alert())).json["field_errors"]) == ["alert_id"]
    step = {"user_id": other.person.actor.user_id, "minutes": 5}
    assert list(ward.escalate(steps=[step]).json["field_errors"]) == ["steps.0.user_id"]
    assert ward.do(foreign, "acknowledge").json == ward.do(uuid4(), "acknowledge").json
    assert ward.get()["count"] == 0

"""Word of alerts and escalations reaches whoever is to act, once, with the transaction that made them."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.domain.roles import Role
from app.domain.triage.escalation import ChainStep, EscalationLevel, NewEscalation
from app.models import Alert, Notification
from app.services.patients.records import update_patient
from app.services.transaction import transaction
from app.services.triage import notices
from app.services.triage.alert_actions import acknowledge_alert
from app.services.triage.escalations import raise_escalation
from tests.builders import Person, a_patient, a_reading, a_user, in_house

pytestmark = pytest.mark.usefixtures("app")


def _jobs(person: Person, task: str, subject: UUID) -> int:
    """Count the jobs that were left about a thing."""
    query = text(
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND args->>'practice_id' = :practice"
        " AND (args->>'alert_id' = :subject OR args->>'escalation_id' = :subject)"
    )
    of = {"task": task, "practice": str(person.actor.practice_id), "subject": str(subject)}
    with in_house(person.actor), transaction() as session:
        return int(session.execute(query, of).scalar_one())


def _told(person: Person) -> list[tuple[int, str]]:
    with in_house(person.actor), transaction() as session:
        return [
            (row.user_id, row.event) for row in session.scalars(select(Notification).order_by(Notification.user_id))
        ]


def _alert(person: Person, systolic: int, patient_id: UUID) -> UUID:
    raised = a_reading(person.actor, patient_id, systolic).alert
    assert raised is not None
    return raised.id


def test_a_critical_reading_leaves_word_and_a_warning_does_not(app: Flask) -> None:
    """In the reading's own transaction."""
    nurse = a_user(role=Role.NURSE)
    critical = _alert(nurse, 192, a_patient(nurse.actor).id)
    warning = _alert(nurse, 150, a_patient(nurse.actor).id)
    assert [_jobs(nurse, "tell_of_alert", alert) for alert in (critical, warning)] == [1, 0]


def test_the_patients_own_nurse_is_told_and_nobody_twice(app: Flask) -> None:
    """A job that runs again changes nothing; who has no care team is everybody's."""
    nurse = a_user(role=Role.NURSE)
    other = a_user(nurse.actor.practice_id, Role.NURSE)
    patient = a_patient(nurse.actor)
    with in_house(nurse.actor):
        update_patient(nurse.actor, patient.id, {"nurse_id": other.actor.user_id}, None)
    alert = _alert(nurse, 192, patient.id)
    for _ in range(2):
        with in_house(nurse.actor):
            notices.tell_of_alert(nurse.actor.practice_id, alert)
    assert _told(nurse) == [(other.actor.user_id, "critical_alert")]


def test_without_a_care_team_everybody_who_can_help_is_told(app: Flask) -> None:
    """But not an assistant."""
    nurse = a_user(role=Role.NURSE)
    doctor = a_user(nurse.actor.practice_id, Role.PROVIDER)
    a_user(nurse.actor.practice_id, Role.MA)
    alert = _alert(nurse, 192, a_patient(nurse.actor).id)
    with in_house(nurse.actor):
        notices.tell_of_alert(nurse.actor.practice_id, alert)
    assert {user_id for user_id, _ in _told(nurse)} == {nurse.actor.user_id, doctor.actor.user_id}


def test_what_somebody_has_seen_meanwhile_is_not_told(app: Flask) -> None:
    """The alert was acknowledged before the job ran."""
    nurse = a_user(role=Role.NURSE)
    alert = _alert(nurse, 192, a_patient(nurse.actor).id)
    with in_house(nurse.actor):
        acknowledge_alert(nurse.actor, alert)
        notices.tell_of_alert(nurse.actor.practice_id, alert)
    assert _told(nurse) == []


def test_an_escalation_reaches_the_person_it_waits_for(app: Flask) -> None:
    """And only them."""
    nurse = a_user(role=Role.NURSE)
    doctor = a_user(nurse.actor.practice_id, Role.PROVIDER)
    steps = (ChainStep(5, user_id=doctor.actor.user_id),)
    with in_house(nurse.actor):
        new = NewEscalation(a_patient(nurse.actor).id, EscalationLevel.STAT, "Dizzy.", steps=steps)
        escalation = raise_escalation(nurse.actor, new).escalation.id
        notices.tell_of_escalation(nurse.actor.practice_id, escalation)
    assert _jobs(nurse, "tell_of_escalation", escalation) == 1
    assert _told(nurse) == [(doctor.actor.user_id, "escalation_raised")]


def test_an_alert_that_is_overdue_is_told_as_such(app: Flask) -> None:
    """With words of its own."""
    nurse = a_user(role=Role.NURSE)
    alert = _alert(nurse, 150, a_patient(nurse.actor).id)
    with in_house(nurse.actor), transaction() as session:
        assert session.get_one(Alert, alert).acknowledged_at is None
    with in_house(nurse.actor):
        notices.tell_of_overdue(nurse.actor.practice_id, alert)
    assert _told(nurse) == [(nurse.actor.user_id, "alert_overdue")]

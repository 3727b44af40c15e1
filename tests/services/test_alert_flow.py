"""Alerts under fire: readings, acknowledgements, escalations and the clock at the same time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.domain.errors import Conflict
from app.domain.paging import PageRequest
from app.domain.roles import Role
from app.domain.triage.alert_flow import Finding
from app.domain.triage.alerts import AlertQuery
from app.domain.triage.escalation import EscalationLevel, NewEscalation
from app.domain.triage.parameters import AlertClass
from app.domain.triage.thresholds import AlertLevel
from app.models import Alert, AlertOccurrence, Escalation, TriageDecision, TriageSummary
from app.services.transaction import transaction
from app.services.triage.alert_actions import acknowledge_alert, acknowledge_alerts
from app.services.triage.alert_flow import Source, find_standing_alerts, keep_alerts, raise_or_fold
from app.services.triage.alerts import list_alerts
from app.services.triage.escalations import raise_escalation
from app.services.triage.overdue import keep_times_of
from app.services.triage.rescoring import lock_summary
from tests.builders import Person, a_patient, a_reading, a_user, in_house

pytestmark = pytest.mark.usefixtures("app")


def _nurse_and_patient() -> tuple[Person, UUID]:
    nurse = a_user(role=Role.NURSE)
    return nurse, a_patient(nurse.actor).id


def _board(person: Person, patient_id: UUID) -> TriageSummary:
    with in_house(person.actor), transaction() as session:
        return session.get_one(TriageSummary, patient_id)


def _count(person: Person, model: type) -> int:
    with in_house(person.actor), transaction() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_readings_at_once_open_one_alert() -> None:
    """All are counted into it."""
    nurse, patient_id = _nurse_and_patient()
    with ThreadPoolExecutor(8) as pool:
        raised = list(pool.map(lambda number: a_reading(nurse.actor, patient_id, 150 + number).alert, range(12)))
    with in_house(nurse.actor), transaction() as session:
        alert = session.scalars(select(Alert)).one()
    assert {one.id for one in raised if one} == {alert.id}
    assert (alert.occurrences, _count(nurse, AlertOccurrence)) == (12, 12)
    assert _board(nurse, patient_id).unacknowledged_alerts == 1


def test_acknowledgements_at_once_count_once() -> None:
    """One decision, and the board is right."""
    nurse, patient_id = _nurse_and_patient()
    alert = a_reading(nurse.actor, patient_id, 150).alert
    assert alert is not None

    def acknowledge(_: int) -> None:
        with in_house(nurse.actor):
            acknowledge_alert(nurse.actor, alert.id)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(acknowledge, range(16)))
    assert (_board(nurse, patient_id).unacknowledged_alerts, _count(nurse, TriageDecision)) == (0, 1)


def test_readings_and_acknowledgements_crosswise_neither_block_nor_miscount() -> None:
    """What the board says is what the alerts say."""
    nurse, first = _nurse_and_patient()
    patients = [first, a_patient(nurse.actor).id]
    alerts = [a_reading(nurse.actor, patient_id, 150).alert for patient_id in patients]
    ids = [alert.id for alert in alerts if alert]

    def work(number: int) -> None:
        if number % 3 == 0:
            a_reading(nurse.actor, patients[number % 2], 150)
            return
        with in_house(nurse.actor):
            acknowledge_alerts(nurse.actor, ids if number % 2 else ids[::-1])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(30)))
    for patient_id, alert_id in zip(patients, ids, strict=True):
        with in_house(nurse.actor), transaction() as session:
            waits = session.get_one(Alert, alert_id).acknowledged_at is None
        assert _board(nurse, patient_id).unacknowledged_alerts == waits


def test_one_of_many_who_escalate_an_alert_at_once_is_first() -> None:
    """The others are told so."""
    nurse, patient_id = _nurse_and_patient()
    alert = a_reading(nurse.actor, patient_id, 190).alert
    assert alert is not None

    def escalate(_: int) -> bool:
        with in_house(nurse.actor):
            try:
                raise_escalation(nurse.actor, NewEscalation(patient_id, EscalationLevel.STAT, "Help.", alert.id))
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(escalate, range(8))) == 1
    line = _board(nurse, patient_id)
    assert (line.active_escalations, line.has_active_stat, _count(nurse, Escalation)) == (1, True, 1)


def test_the_clock_at_work_twice_at_once_escalates_once() -> None:
    """As two workers might after a restart."""
    nurse, patient_id = _nurse_and_patient()
    a_reading(nurse.actor, patient_id, 190)
    at = datetime.now(UTC) + timedelta(minutes=6)

    def tick(_: int) -> None:
        with in_house():
            keep_times_of(nurse.actor.practice_id, at)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tick, range(4)))
    assert (_count(nurse, Escalation), _board(nurse, patient_id).active_escalations) == (1, 1)


def test_a_silence_is_an_alert_of_its_own_class_without_a_reading() -> None:
    """It folds while it lasts, and is found by its class."""
    nurse, patient_id = _nurse_and_patient()
    for days in (4, 5):
        with in_house(nurse.actor), transaction() as session:
            at = datetime.now(UTC)
            lock_summary(session, nurse.actor.practice_id, patient_id)
            known = find_standing_alerts(session, nurse.actor.practice_id, patient_id)
            source = Source(nurse.actor.practice_id, patient_id, "0.0")
            raise_or_fold(session, source, _silence(days), known, at)
            keep_alerts(session, known)
    with in_house(nurse.actor):
        page = list_alerts(nurse.actor, AlertQuery(PageRequest(), alert_class=AlertClass.COMPLIANCE))
    assert [(line.alert.occurrences, line.alert.observation_id) for line in page.items] == [(2, None)]


def _silence(days: int) -> Finding:
    message = f"No reading for {days} days"
    return Finding("no_reading", AlertLevel.WARNING, message, Decimal(days), Decimal(3), AlertClass.COMPLIANCE)

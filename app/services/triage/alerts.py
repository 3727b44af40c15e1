"""Seeing alerts and saying that one has been seen."""

from uuid import UUID

from sqlalchemy import select

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.models import Alert, TriageSummary
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

RECENT_ALERTS = 50


def list_recent_alerts(actor: Actor, patient_id: UUID) -> list[Alert]:
    """Return a visible patient's latest alerts: open before seen, critical before warning, newest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        events.record(session, "alert:list", "alert", patient_id=patient.id)
        return list(
            session.scalars(
                select(Alert)
                .where(Alert.practice_id == actor.practice_id, Alert.patient_id == patient.id)
                .order_by(Alert.acknowledged_at.is_not(None), Alert.level == "warning", Alert.raised_at.desc())
                .limit(RECENT_ALERTS)
            )
        )


def acknowledge_alert(actor: Actor, alert_id: UUID) -> Alert:
    """Note that the actor has seen the alert; a second time changes nothing."""
    with transaction() as session:
        alert = session.scalar(
            select(Alert).where(Alert.practice_id == actor.practice_id, Alert.id == alert_id).with_for_update()
        )
        if alert is None:
            raise NotFound
        if alert.acknowledged_at is None:
            alert.acknowledged_at, alert.acknowledged_by = now(), actor.user_id
            summary = session.get_one(TriageSummary, alert.patient_id, with_for_update=True)
            summary.unacknowledged_alerts -= 1
        return alert

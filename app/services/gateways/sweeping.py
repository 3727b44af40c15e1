"""Keeping the inbox tidy: what was stored and has lost its job is taken up again, what is old goes."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.audit import context
from app.domain.inbox import OPEN_STATES, DeliveryState
from app.models import InboxItem, InboxReplay, Practice, WebhookDelivery
from app.services.gateways.receiving import APPLY_DELIVERY
from app.services.outbox import INBOX, leave_job
from app.services.transaction import now, transaction

OVERDUE = timedelta(minutes=5)  # every job has been tried by then, or there is none
KEEP_DELIVERIES = timedelta(days=400)  # a year of claims can be proven by what the vendor sent, and replayed
KEEP_REJECTED = timedelta(days=7)
_AT_ONCE = 500


def sweep_inbox() -> None:
    """Take up what was left lying and forget what has served its time, practice by practice."""
    at = now()
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id)))
    for practice_id in practices:
        context.bind(practice_id=practice_id)
        take_up(practice_id, at - OVERDUE)
        while forget(practice_id, at):
            pass


def take_up(practice_id: UUID, before: datetime) -> int:
    """Leave a job again for deliveries that were received before then and not finished; applying twice is harmless."""
    with transaction() as session:
        left = session.scalars(
            select(WebhookDelivery.id)
            .where(
                WebhookDelivery.practice_id == practice_id,
                WebhookDelivery.state.in_([state.value for state in OPEN_STATES]),
                WebhookDelivery.received_at < before,
            )
            .order_by(WebhookDelivery.received_at)
            .limit(_AT_ONCE)
        ).all()
        for delivery_id in left:
            leave_job(session, APPLY_DELIVERY, queue=INBOX, practice_id=practice_id, delivery_id=delivery_id)
        return len(left)


def forget(practice_id: UUID, at: datetime) -> int:
    """Delete some of what is too old to be kept; returns how many deliveries went."""
    with transaction() as session:
        gone = _some(session, practice_id, WebhookDelivery.received_at < at - KEEP_DELIVERIES)
        gone += _some(
            session, practice_id, WebhookDelivery.received_at < at - KEEP_REJECTED,
            WebhookDelivery.state == DeliveryState.REJECTED.value,
        )  # fmt: skip
        session.execute(
            delete(InboxReplay).where(InboxReplay.created_at < at - KEEP_DELIVERIES), execution_options=_RECORDED
        )
        return gone


_RECORDED = {"recorded": True}  # that they go is a rule, not an act


def _some(session: Session, practice_id: UUID, *old: ColumnElement[bool]) -> int:
    ids = list(
        session.scalars(
            select(WebhookDelivery.id).where(WebhookDelivery.practice_id == practice_id, *old).limit(_AT_ONCE)
        )
    )
    if ids:
        session.execute(delete(InboxItem).where(InboxItem.delivery_id.in_(ids)))
        session.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)), execution_options=_RECORDED)
    return len(ids)

"""How the practice's messages went out, for its administrators."""

from collections import Counter
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.domain.notifications.settings import DeliveryQuery, DeliveryState
from app.domain.paging import Page
from app.models import NotificationDelivery
from app.services.notifications.telling import leave_delivery
from app.services.transaction import now, transaction


def list_deliveries(actor: Actor, query: DeliveryQuery) -> Page[NotificationDelivery]:
    """Return a page of the practice's deliveries."""
    wanted = _wanted(actor, query)
    order = NotificationDelivery.created_at, NotificationDelivery.id
    ordered = [one.desc() for one in order] if query.ordering.startswith("-") else [*order]
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(NotificationDelivery).where(*wanted)) or 0
        page = select(NotificationDelivery).where(*wanted).order_by(*ordered)
        rows = session.scalars(page.offset(query.paging.offset).limit(query.paging.page_size)).all()
        events.record(session, "notification_delivery:list", "notification_delivery")
        return Page([*rows], count, query.paging)


def count_deliveries(actor: Actor) -> Counter[str]:
    """Return how many of the practice's deliveries are in each state."""
    with transaction() as session:
        found = session.execute(
            select(NotificationDelivery.state, func.count())
            .where(NotificationDelivery.practice_id == actor.practice_id)
            .group_by(NotificationDelivery.state)
        )
        return Counter({row[0]: row[1] for row in found})


def retry_delivery(actor: Actor, delivery_id: UUID) -> NotificationDelivery:
    """Have a delivery that was given up tried again, from now and as often as a new one; raises Conflict for others."""
    with transaction() as session:
        delivery = session.scalar(
            select(NotificationDelivery)
            .where(NotificationDelivery.practice_id == actor.practice_id, NotificationDelivery.id == delivery_id)
            .with_for_update()
        )
        if delivery is None:
            raise NotFound
        if delivery.state != DeliveryState.DEAD:
            raise Conflict("Only a delivery that was given up can be tried again.")
        delivery.state, delivery.due_at, delivery.tries = DeliveryState.WAITING.value, now(), 0
        delivery.sent_at = delivery.reference = None
        leave_delivery(session, delivery)
        events.record(session, "notification_delivery:retry", "notification_delivery", resource_id=delivery.id)
        return delivery


def _wanted(actor: Actor, query: DeliveryQuery) -> list[ColumnElement[bool]]:
    wanted = [NotificationDelivery.practice_id == actor.practice_id]
    if query.state is not None:
        wanted.append(NotificationDelivery.state == query.state.value)
    if query.channel is not None:
        wanted.append(NotificationDelivery.channel == query.channel.value)
    return wanted

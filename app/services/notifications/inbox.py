"""What somebody was told, as they see it in the app."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.notifications.events import Event
from app.domain.notifications.settings import NotificationQuery
from app.domain.notifications.wording import worded
from app.domain.paging import Page
from app.integrations.mail import postbox
from app.models import Notification, NotificationDelivery, Practice
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class Told:
    """A notification and its words."""

    row: Notification
    title: str
    text: str


def list_notifications(actor: Actor, query: NotificationQuery) -> Page[Told]:
    """Return a page of the actor's own notifications, newest first."""
    wanted = [*_own(actor)]
    if query.is_unread is not None:
        wanted.append(Notification.read_at.is_(None) if query.is_unread else Notification.read_at.is_not(None))
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(Notification).where(*wanted)) or 0
        newest = select(Notification).where(*wanted).order_by(Notification.created_at.desc(), Notification.id.desc())
        rows = session.scalars(newest.offset(query.paging.offset).limit(query.paging.page_size)).all()
        subjects = {row.patient_id for row in rows if row.patient_id}
        events.record(session, "notification:list", "notification", subject_ids=sorted(subjects) or None)
        return Page([_told(session, row) for row in rows], count, query.paging)


def count_unread(actor: Actor) -> int:
    """Return how many the actor has not read."""
    with transaction() as session:
        unread = select(func.count()).select_from(Notification).where(*_own(actor), Notification.read_at.is_(None))
        return session.scalar(unread) or 0


def mark_read(actor: Actor, notification_id: UUID) -> Told:
    """Note that the actor has read one of their own; a second time changes nothing. Raises NotFound for any other."""
    with transaction() as session:
        row = session.scalar(
            select(Notification).where(*_own(actor), Notification.id == notification_id).with_for_update()
        )
        if row is None:
            raise NotFound
        if row.read_at is None:
            row.read_at = now()
        session.flush()
        return _told(session, row)


def mark_all_read(actor: Actor) -> int:
    """Note that the actor has read all of theirs; return how many were unread."""
    with transaction() as session:
        unread = update(Notification).where(*_own(actor), Notification.read_at.is_(None)).values(read_at=now())
        found = session.execute(unread, execution_options={"recorded": True, "synchronize_session": False})
        count: int = found.rowcount  # type: ignore[attr-defined]
        events.record(session, "notification:update", "notification", fields=("read_at",))
        return count


def purge_notifications(before: datetime) -> None:
    """Forget what the current practice's people were told before then, and how it went out; the trail stays."""
    with transaction() as session:
        old = select(Notification.id).where(Notification.created_at < before)
        gone = (NotificationDelivery.created_at < before) | NotificationDelivery.notification_id.in_(old)
        loose = update(NotificationDelivery).where(
            NotificationDelivery.bundled_into.in_(select(NotificationDelivery.id).where(gone))
        )
        session.execute(loose.values(bundled_into=None), execution_options={"synchronize_session": False})
        session.execute(delete(NotificationDelivery).where(gone), execution_options={"synchronize_session": False})
        session.execute(
            delete(Notification).where(Notification.created_at < before),
            execution_options={"recorded": True, "synchronize_session": False},
        )


def _own(actor: Actor) -> tuple[ColumnElement[bool], ...]:
    return (
        Notification.practice_id == actor.practice_id,
        Notification.user_id == actor.user_id,
        Notification.is_shown.is_(True),
    )


def _told(session: Session, row: Notification) -> Told:
    name = session.get_one(Practice, row.practice_id).name
    words = worded(Event(row.event), name, postbox.public_url)
    return Told(row, words.title, words.text)

"""The phones that hear of things."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.blind_index import blind_index
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound
from app.domain.notifications.settings import DeliveryState, NewPushToken
from app.domain.paging import Page, PageRequest
from app.models import NotificationDelivery, PushToken
from app.models.base import new_id
from app.services.transaction import transaction

MAX_TOKENS = 20
_OPEN = (DeliveryState.WAITING.value, DeliveryState.HELD.value, DeliveryState.DEAD.value)


def list_push_tokens(actor: Actor, paging: PageRequest) -> Page[PushToken]:
    """Return a page of the actor's own phones, newest first."""
    own = PushToken.practice_id == actor.practice_id, PushToken.user_id == actor.user_id
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(PushToken).where(*own)) or 0
        newest = select(PushToken).where(*own).order_by(PushToken.created_at.desc(), PushToken.id.desc())
        rows = session.scalars(newest.offset(paging.offset).limit(paging.page_size)).all()
        events.record(session, "push_token:list", "push_token")
        return Page([*rows], count, paging)


def register_push_token(actor: Actor, new: NewPushToken) -> PushToken:
    """Have messages sent to a phone from now on; the same phone again is the same row, and belongs to who came last.

    Raises Conflict for one phone too many, and when the same phone registers twice at once.
    """
    index = blind_index(actor.practice_id, "push_token", f"{new.service}|{new.token}")
    try:
        with transaction() as session:
            row = session.scalar(
                select(PushToken)
                .where(PushToken.practice_id == actor.practice_id, PushToken.token_index == index)
                .with_for_update()
            )
            if row is None or row.user_id != actor.user_id:
                _require_room(session, actor)
            row = row or PushToken(id=new_id(), practice_id=actor.practice_id, token_index=index)
            row.user_id, row.service, row.platform = actor.user_id, new.service.value, new.platform.value
            row.token, row.disabled_at = new.token, None
            session.add(row)
            session.flush()
            return row
    except IntegrityError as error:
        raise Conflict("This phone is being registered by another request.") from error


def remove_push_token(actor: Actor, token_id: UUID) -> None:
    """Send nothing more to one of the actor's phones and forget it; raises NotFound for any other id."""
    with transaction() as session:
        row = session.scalar(
            select(PushToken)
            .where(
                PushToken.practice_id == actor.practice_id,
                PushToken.user_id == actor.user_id,
                PushToken.id == token_id,
            )
            .with_for_update()
        )
        if row is None:
            raise NotFound
        _let_go(session, row)
        session.delete(row)


def _let_go(session: Session, row: PushToken) -> None:
    """End what was to go there, and take the phone off what went there before."""
    its = update(NotificationDelivery).where(
        NotificationDelivery.practice_id == row.practice_id, NotificationDelivery.push_token_id == row.id
    )
    unsynchronised = {"synchronize_session": False}
    cancelled = its.where(NotificationDelivery.state.in_(_OPEN)).values(state=DeliveryState.CANCELLED.value)
    session.execute(cancelled, execution_options=unsynchronised)
    session.execute(its.values(push_token_id=None), execution_options=unsynchronised)


def _require_room(session: Session, actor: Actor) -> None:
    own = select(func.count()).where(PushToken.practice_id == actor.practice_id, PushToken.user_id == actor.user_id)
    if (session.scalar(own) or 0) >= MAX_TOKENS:
        raise Conflict(f"No more than {MAX_TOKENS} phones: remove one first.")

"""When people signed in last, as the audit trail tells it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.audit import events
from app.domain.actor import Actor
from app.models import AuditEvent
from app.services.transaction import now, transaction

LOOKED_BACK = timedelta(days=30)  # the trail is read by time: a month of a practice is quick, all of it is not
_SIGN_INS = ("auth:login", "console:login")


def last_sign_ins(actor: Actor, user_ids: Collection[int]) -> dict[int, datetime]:
    """Return when each of these accounts was signed in to last; those that were not within a month are missing."""
    with transaction() as session:
        latest = (
            select(AuditEvent.user_id, func.max(AuditEvent.at))
            .where(
                AuditEvent.practice_id == actor.practice_id,
                AuditEvent.at > now() - LOOKED_BACK,
                AuditEvent.user_id.in_(user_ids),
                AuditEvent.action.in_(_SIGN_INS),
                AuditEvent.outcome == events.SUCCESS,
            )
            .group_by(AuditEvent.user_id)
        )
        return {user_id: at for user_id, at in session.execute(latest) if user_id is not None}

"""Audit rows on their way: collected while the transaction runs, written by one INSERT just before it commits."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.context import current
from app.domain.errors import Unavailable
from app.models.audit_event import AuditEvent

_BUFFER = "audit_rows"
_INSERT = insert(AuditEvent.metadata.tables["audit_events"]).inline()  # nothing to return: no policy would show it
SUCCESS, REFUSED, FAILED = "success", "refused", "failed"


def record(
    session: Session,
    action: str,
    resource_type: str,
    *,
    resource_id: object = None,
    patient_id: UUID | None = None,
    subject_ids: Iterable[UUID] | None = None,
    outcome: str = SUCCESS,
    fields: Iterable[str] | None = None,
    reason: str | None = None,
) -> None:
    """Note one event under the current circumstances; it is stored if and only if the transaction commits."""
    context = current()
    session.info.setdefault(_BUFFER, []).append(
        {
            "practice_id": context.practice_id,
            "user_id": context.user_id,
            "session_id": context.session_id,
            "action": action,
            "resource_type": resource_type,
            "resource_id": None if resource_id is None else str(resource_id),
            "patient_id": patient_id,
            "subject_ids": None if subject_ids is None else list(subject_ids),
            "outcome": outcome,
            "fields": None if fields is None else sorted(fields),
            "ip": context.ip,
            "request_id": context.request_id,
            "reason": reason or context.reason,
            "break_glass_id": context.break_glass_id,
        }
    )


def write_recorded(session: Session) -> None:
    """Store what was noted; raises Unavailable when that fails, so that nothing commits without its events."""
    rows: list[dict[str, Any]] = session.info.pop(_BUFFER, [])
    if not rows:
        return
    try:
        session.connection().execute(_INSERT, rows if len(rows) > 1 else rows[0])
    except SQLAlchemyError as error:
        raise Unavailable from error


def forget_recorded(session: Session) -> None:
    """Drop what was noted: the transaction it belonged to was rolled back."""
    session.info.pop(_BUFFER, None)

"""Audit rows on their way: collected while the transaction runs, written in one round trip with its COMMIT."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.audit.context import AuditContext, current
from app.database.many import Insert
from app.database.statements import driver_errors, send, send_by_driver, take_waiting
from app.domain.errors import Unavailable
from app.models.audit_event import AuditEvent

_BUFFER = "audit_rows"
_COLUMNS = (
    "practice_id", "user_id", "session_id", "action", "resource_type", "resource_id", "patient_id", "subject_ids",
    "outcome", "fields", "ip", "request_id", "reason", "break_glass_id",
)  # fmt: skip
_INSERT = Insert(AuditEvent.metadata.tables["audit_events"], _COLUMNS)
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
            "reason": _reason(reason, context),
            "break_glass_id": context.break_glass_id,
        }
    )


def commit_recorded(session: Session) -> None:
    """Store what was noted and what was kept back, and commit, in one round trip.

    Raises Unavailable when an event cannot be stored, so that nothing commits without its events.
    """
    rows: list[dict[str, Any]] = session.info.pop(_BUFFER, [])
    waiting = take_waiting(session)
    if not (rows or waiting):
        return
    connection = session.connection()
    try:
        with driver_errors(connection):
            send_by_driver(connection, [*waiting, *((_INSERT, row) for row in rows)], last="COMMIT")
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise Unavailable from error


def has_recorded(session: Session) -> bool:
    """Say whether events are noted that no COMMIT has stored yet."""
    return bool(session.info.get(_BUFFER))


def forget_recorded(session: Session) -> None:
    """Drop what was noted: the transaction it belonged to was rolled back."""
    session.info.pop(_BUFFER, None)
    take_waiting(session)


def store_recorded(session: Session) -> None:
    """Store what was noted so far within the transaction, which goes on: many events must not pile up in memory."""
    rows: list[dict[str, Any]] = session.info.pop(_BUFFER, [])
    if rows:
        send(session, _INSERT.of_all(rows))


def _reason(own: str | None, context: AuditContext) -> str | None:
    """Return why it happened; within a break-glass episode every event names it, besides a reason of its own."""
    if context.break_glass_id is None:
        return own or context.reason
    emergency = f"break-glass {context.break_glass_id}: {context.reason}"
    return f"{own}; {emergency}" if own else emergency

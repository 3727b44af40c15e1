"""The session class: tenancy at every BEGIN, an audit event for every changed row, no silent bulk writes."""

from collections.abc import Iterable
from typing import Any, NoReturn, cast
from uuid import UUID

import psycopg
from flask_sqlalchemy.session import Session
from psycopg.pq import TransactionStatus
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import ORMExecuteState, SessionTransaction, UOWTransaction
from sqlalchemy.orm import Session as OrmSession

from app.audit import events
from app.audit.context import current
from app.database.pooling import said_each_time
from app.database.statements import Parameters, Statement, driver_errors, has_waiting, send, send_by_driver
from app.database.wire import Rows
from app.models.base import Audited, Base

_SET_TENANT = Statement(
    text(
        "SELECT set_config('app.practice_id', :practice, true) AS practice,"
        " set_config('app.user_id', :user, true) AS account, set_config('app.login_index', :login, true) AS login"
    )
)
_FIRST, _BEGUN = "first_question", "begun_on"
_SILENT = frozenset({"updated_at", "version", "search_tokens"})
AUDITED_TABLES = frozenset(
    mapper.local_table.name  # type: ignore[attr-defined]
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, Audited)
)


class AuditedSession(Session):
    """A session that cannot change an audited table without leaving a trace."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError("Bulk writes skip the audit hook: add the objects, or record the event yourself.")

    bulk_save_objects = _refuse
    bulk_insert_mappings = _refuse
    bulk_update_mappings = _refuse


def begin_with(session: OrmSession, question: Statement, given: Parameters) -> Rows:
    """Ask a question that opens a transaction: BEGIN, the practice and the question make one round trip."""
    if session.in_transaction():
        return send(session, (question, given))[0]
    session.info[_FIRST] = question, given
    session.connection()
    answer: Rows = session.info.pop(_FIRST)
    return answer


def end_with(session: OrmSession, question: Statement, given: Parameters) -> Rows:
    """Ask the last question of a use case that wrote nothing: it and COMMIT make one round trip.

    Raises RuntimeError when something was written or noted after all, which would miss the COMMIT.
    """
    if has_waiting(session) or events.has_recorded(session) or session.new or session.dirty or session.deleted:
        raise RuntimeError("What was written must be committed by the use case itself.")
    connection = session.connection()
    with driver_errors(connection):
        return send_by_driver(connection, [(question, given)], last="COMMIT")[0]


@event.listens_for(AuditedSession, "after_begin")
def _begin(session: OrmSession, _transaction: SessionTransaction, connection: Connection) -> None:
    """Tell the database whose rows may be seen, and ask the first question in the same round trip."""
    first = session.info.pop(_FIRST, None)
    with driver_errors(connection):
        asked = [*said_each_time(connection), _tenant(), *([first] if first else [])]
        answers = send_by_driver(connection, asked)
    session.info[_BEGUN] = connection
    if first:
        session.info[_FIRST] = answers[-1]


@event.listens_for(AuditedSession, "after_transaction_end")
def _end(session: OrmSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_BEGUN, None)


def working_connection(session: OrmSession) -> Connection | None:
    """Return the connection on which the session's transaction has begun and can go on; None when there is none."""
    connection: Connection | None = session.info.get(_BEGUN)
    if connection is None or connection.closed or connection.invalidated:
        return None
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return connection if driver.info.transaction_status is TransactionStatus.INTRANS else None


def enter_practice(session: OrmSession) -> None:
    """Go on, in a transaction that has begun, for the practice bound since: a login learns it on its way."""
    send(session, _tenant())


def _tenant() -> tuple[Statement, Parameters]:
    context = current()
    return _SET_TENANT, {
        "practice": str(context.practice_id or ""),
        "user": str(context.user_id or ""),
        "login": context.login_index.hex() if context.login_index else "",
    }


@event.listens_for(AuditedSession, "after_flush")
def _record_changes(session: OrmSession, _flush: UOWTransaction) -> None:
    for row in session.new:
        _record(session, row, "create")
    for row in session.dirty:
        if session.is_modified(row):
            _record(session, row, "update", _changed_fields(row))
    for row in session.deleted:
        _record(session, row, "delete")


@event.listens_for(AuditedSession, "before_commit")
def _commit_with_events(session: OrmSession) -> None:
    if session.in_nested_transaction():
        return
    session.flush()  # commit would flush after this hook; the events of that flush belong in as well
    events.commit_recorded(session)


@event.listens_for(AuditedSession, "after_soft_rollback")
def _forget_events(session: OrmSession, _previous: SessionTransaction) -> None:
    if not session.in_nested_transaction():
        events.forget_recorded(session)


@event.listens_for(AuditedSession, "do_orm_execute")
def _send_waiting(state: ORMExecuteState) -> None:
    if has_waiting(state.session):
        send(state.session)


@event.listens_for(AuditedSession, "do_orm_execute")
def _refuse_unrecorded_writes(state: ORMExecuteState) -> None:
    if not (state.is_insert or state.is_update or state.is_delete):
        return
    table = getattr(state.statement, "table", None)
    if getattr(table, "name", None) in AUDITED_TABLES and not state.execution_options.get("recorded"):
        raise RuntimeError(f"A direct write to {table} leaves no audit event.")


def _record(session: OrmSession, row: Any, verb: str, fields: Iterable[str] | None = None) -> None:
    if not isinstance(row, Audited):
        return
    patient_id: UUID | None = None
    if row.audit_patient_column:
        patient_id = getattr(row, row.audit_patient_column)
    identity = inspect(row).identity or (None,)
    resource_id = getattr(row, "id", identity[0])
    events.record(
        session, f"{row.audit_type}:{verb}", row.audit_type,
        resource_id=resource_id, patient_id=patient_id, fields=fields,
    )  # fmt: skip


def _changed_fields(row: Any) -> set[str]:
    """Return the public names of what changed: an encrypted column by its plain name, indexes and clocks not at all."""
    state = inspect(row)
    changed = {attribute.key for attribute in state.attrs if attribute.history.has_changes()}
    plain = {name.removesuffix("_enc") for name in changed if not name.endswith("_index")}
    return plain - _SILENT

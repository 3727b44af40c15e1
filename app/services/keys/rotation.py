"""A new data key for a practice, online: announce, seal everything anew, drop the old key when nothing needs it.

The state is the database's own (which key versions exist, which version each value names), so a run that was killed is
taken up by the next one. Rows keep their version and their clocks: what they say has not changed.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, and_, func, or_, select, text, tuple_, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.audit import context, events
from app.crypto.columns import decrypt, encrypt
from app.crypto.damage import DamagedPlace, take_noted
from app.crypto.envelope import place
from app.crypto.keyring import keyring
from app.domain.errors import IntegrityViolated
from app.models import Base, Practice, PracticeKey
from app.services.keys.integrity import report_damage
from app.services.keys.versions import store_key
from app.services.transaction import transaction

SEALED_SUFFIX = "_enc"
_BATCH = 100
_RETRIES = 10
_NO_TIME_LIMIT = text("SET LOCAL statement_timeout = 0")
Told = Callable[[UUID, str, int], None]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with encrypted values, and their columns."""

    model: Any
    columns: tuple[Column[Any], ...]

    @property
    def name(self) -> str:
        """The table's name."""
        return str(self.model.__tablename__)


def sealed_tables() -> list[SealedTable]:
    """Return every table that holds encrypted values: the columns named `…_enc`."""
    found = [
        SealedTable(mapper.class_, tuple(c for c in mapper.columns if c.name.endswith(SEALED_SUFFIX)))
        for mapper in Base.registry.mappers
    ]
    return sorted((table for table in found if table.columns), key=lambda table: table.name)


def list_practices() -> list[UUID]:
    """Return the ids of all practices."""
    with transaction() as session:
        return list(session.scalars(select(Practice.id).order_by(Practice.id)))


def announce_data_key(practice_id: UUID) -> bool:
    """Store a new data key, unless a rotation is unfinished already; return whether one was made."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        versions = _data_versions(session, practice_id)
        if len(versions) > 1:
            return False
        new = keyring.new_key(practice_id, "data", versions[0] + 1)
        store_key(practice_id, new)
        events.record(session, "key:create", "practice_key", resource_id=f"data {new.version}")
        return True


def seconds_until_known(practice_ids: Sequence[UUID]) -> float:
    """Return how long until every process must have read the practices' newest keys."""
    longest = 0.0
    for practice_id in practice_ids:
        context.bind(practice_id=practice_id)
        with transaction() as session:
            made = select(func.max(PracticeKey.created_at)).where(PracticeKey.practice_id == practice_id)
            age = session.scalar(select(func.extract("epoch", func.clock_timestamp() - made.scalar_subquery())))
        longest = max(longest, keyring.fresh_for + 1.0 - float(age or 0.0))
    return longest


def has_older_transactions(seconds: float) -> bool:
    """Say whether a transaction still runs that began so long ago: it may hold values sealed with the old key."""
    older = text(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        " AND xact_start < clock_timestamp() - make_interval(secs => :seconds))"
    )
    with transaction() as session:
        return bool(session.scalar(older, {"seconds": seconds}))


def reencrypt(practice_id: UUID, told: Told) -> list[DamagedPlace]:
    """Seal every value of the practice under its newest data key; return, and report, what could not be opened."""
    context.bind(practice_id=practice_id)
    keyring.forget(practice_id)
    take_noted()
    for table in sealed_tables():
        _reencrypt_table(practice_id, table, told)
    damaged = take_noted()
    if damaged:
        report_damage(damaged)
    return damaged


def drop_old_data_keys(practice_id: UUID) -> list[int]:
    """Delete every data key but the newest; the database refuses while a value still names one."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        session.execute(_NO_TIME_LIMIT)
        *old, _newest = _data_versions(session, practice_id)
        for version in old:
            session.execute(select(func.drop_data_key(practice_id, version)))
            events.record(session, "key:delete", "practice_key", resource_id=f"data {version}")
    keyring.forget(practice_id)
    return old


def values_on_old_keys(practice_id: UUID) -> int:
    """Count the rows with a value that is not sealed under the newest data key."""
    context.bind(practice_id=practice_id)
    with transaction() as session:
        session.execute(_NO_TIME_LIMIT)
        newest = _data_versions(session, practice_id)[-1]
        return sum(
            session.scalar(select(func.count()).select_from(table.model).where(_is_old(table, practice_id, newest)))
            or 0
            for table in sealed_tables()
        )


def _data_versions(session: Session, practice_id: UUID) -> list[int]:
    wanted = select(PracticeKey.version).where(PracticeKey.practice_id == practice_id, PracticeKey.purpose == "data")
    return list(session.scalars(wanted.order_by(PracticeKey.version)))


@dataclass
class _Pass:
    """How far the pass over one table has come."""

    after: tuple[Any, ...] | None = None
    done: int = 0
    missed: int = 0
    is_over: bool = False


def _reencrypt_table(practice_id: UUID, table: SealedTable, told: Told) -> None:
    so_far, failures = _Pass(), 0
    while not so_far.is_over:
        try:
            so_far = _reencrypt_batch(practice_id, table, so_far)
        except OperationalError:  # a lock that is held too long, a deadlock, a database that restarts
            failures += 1
            if failures > _RETRIES:
                raise
            time.sleep(failures)
            continue
        if so_far.done:
            told(practice_id, table.name, so_far.done)


def _reencrypt_batch(practice_id: UUID, table: SealedTable, so_far: _Pass) -> _Pass:
    with transaction() as session:
        session.execute(_NO_TIME_LIMIT)
        newest = keyring.practice(practice_id).newest
        rows = list(session.scalars(_batch(table, practice_id, newest, so_far.after)))
        outcomes = [_reseal(session, table, row, newest) for row in rows]
        done, missed = so_far.done + outcomes.count(True), so_far.missed + outcomes.count(None)
        if len(rows) < _BATCH and missed:
            return _Pass(done=done)  # rows that others changed meanwhile may still hold old values: once more
        is_over = len(rows) < _BATCH
        if is_over and done:
            names = [column.name.removesuffix(SEALED_SUFFIX) for column in table.columns]
            events.record(session, "key:reencrypt", table.name, fields=names, reason=f"{done} rows")
        after = tuple(getattr(rows[-1], column.key) for column in _primary_key(table)) if rows else so_far.after
        return _Pass(after, done, missed, is_over)


def _batch(table: SealedTable, practice_id: UUID, newest: int, after: tuple[Any, ...] | None) -> Select[Any]:
    key = _primary_key(table)
    wanted = select(table.model).where(_is_old(table, practice_id, newest)).order_by(*key).limit(_BATCH)
    wanted = wanted.execution_options(populate_existing=True)
    return wanted if after is None else wanted.where(tuple_(*key) > after)


def _is_old(table: SealedTable, practice_id: UUID, newest: int) -> ColumnElement[bool]:
    marks = [
        and_(column.is_not(None), func.substr(column, 2, 4, type_=LargeBinary) != func.int4send(newest))
        for column in table.columns
    ]
    return and_(table.model.practice_id == practice_id, or_(*marks))


def _reseal(session: Session, table: SealedTable, row: Any, newest: int) -> bool | None:
    """Seal a row's old values anew, unless somebody has changed them meanwhile (None); False if one is damaged."""
    stored = {column: getattr(row, column.key) for column in table.columns}
    old = {column: value for column, value in stored.items() if value and value[1:5] != newest.to_bytes(4)}
    try:
        fresh = {column: _sealed_anew(table.name, column.name, row, value) for column, value in old.items()}
    except IntegrityViolated:
        return False
    same_row = [column == getattr(row, column.key) for column in _primary_key(table)]
    unchanged = [column == value for column, value in old.items()]
    clocks = {column: column for column in table.model.__table__.columns if column.onupdate is not None}
    statement = update(table.model.__table__).where(*same_row, *unchanged).values({**fresh, **clocks})
    changed: Any = session.execute(statement, execution_options={"recorded": True})
    return True if changed.rowcount else None


def _sealed_anew(table: str, column: str, row: Any, envelope: bytes) -> bytes:
    where = place(table, column, row.encryption_row, row.encryption_practice)
    return encrypt(row.encryption_practice, where, decrypt(row.encryption_practice, where, envelope))


def _primary_key(table: SealedTable) -> tuple[Column[Any], ...]:
    return tuple(table.model.__table__.primary_key.columns)

"""Reading and making the wrapped keys of practices and of the installation."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.audit import context, events
from app.audit.hook import working_connection
from app.crypto.envelope import key_version
from app.crypto.keyring import WrappedKey, keyring
from app.extensions import db
from app.models import Practice, PracticeKey, SystemKey
from app.services.transaction import transaction

_MAKES_KEYS = "makes_keys"


def load_wrapped_keys(practice_id: UUID | None) -> list[WrappedKey]:
    """Return the stored keys of a practice, or the installation's own (made at first need) when it is None.

    They are read on the connection of the transaction that is open, where it sees them: values are decrypted in its
    middle, and if each waited for a second connection, a pooler of few would have them wait for one another.
    """
    query = _query(practice_id)
    connection = _shared_connection()
    rows = connection.execute(query).all() if connection else []
    return [WrappedKey(*row) for row in rows or _read_apart(practice_id, query)]


def _query(practice_id: UUID | None) -> Select[str, int, bytes]:
    table = _table(practice_id)
    query = select(table.purpose, table.version, table.wrapped)
    return query if practice_id is None else query.where(PracticeKey.practice_id == practice_id)


def _shared_connection() -> Connection | None:
    """Return the open transaction's, unless it made keys itself: were it rolled back, they would be in use for ever."""
    session = db.session()
    return None if session.info.get(_MAKES_KEYS) else working_connection(session)


def _read_apart(practice_id: UUID | None, query: Select[str, int, bytes]) -> Sequence[Row[str, int, bytes]]:
    with db.engine.begin() as connection:
        connection.execute(select(func.set_config("app.practice_id", str(practice_id or ""), True)))
        rows = connection.execute(query).all()
        if practice_id is None and not rows:
            fresh = [_columns(key) for key in keyring.new_keys(None)]
            connection.execute(upsert(SystemKey).values(fresh).on_conflict_do_nothing())
            rows = connection.execute(query).all()
        return rows


def store_key(practice_id: UUID, key: WrappedKey) -> None:
    """Store a practice's key, unless there is one of that version, within the caller's transaction."""
    session = db.session()
    session.info[_MAKES_KEYS] = True
    session.execute(upsert(PracticeKey).values(practice_id=practice_id, **_columns(key)).on_conflict_do_nothing())


def make_practice_keys(practice_id: UUID) -> None:
    """Store fresh keys for a new practice, within the caller's transaction."""
    for key in keyring.new_keys(practice_id):
        store_key(practice_id, key)


@dataclass(frozen=True, slots=True)
class KeysOf:
    """What an operator is told of one practice's keys, or of the installation's (None)."""

    practice_id: UUID | None
    data_versions: tuple[int, ...]
    master_ids: frozenset[int]


def list_keys() -> list[KeysOf]:
    """Return which data keys exist and which master keys wrap them, the installation's own keys first."""
    with transaction() as session:
        practices = list(session.scalars(select(Practice.id).order_by(Practice.id)))
    told = []
    for practice_id in (None, *practices):
        keys = load_wrapped_keys(practice_id)
        versions = sorted(key.version for key in keys if key.purpose == "data")
        masters = frozenset(key_version(key.wrapped) for key in keys)
        told.append(KeysOf(practice_id, tuple(versions), masters))
    return told


def rewrap_keys(practice_id: UUID | None, newest: int) -> int:
    """Wrap the keys of a practice, or the installation's, under the newest master key; return how many there were."""
    context.bind(practice_id=practice_id)
    old = [key for key in load_wrapped_keys(practice_id) if key_version(key.wrapped) != newest]
    with transaction() as session:
        for key in old:
            fresh = keyring.rewrap(practice_id, key)
            session.execute(
                update(_table(practice_id)).where(*_same_key(practice_id, key)).values(wrapped=fresh.wrapped)
            )
        if old:
            events.record(session, "key:rewrap", "key", reason=f"{len(old)} keys")
    return len(old)


def _table(practice_id: UUID | None) -> type[PracticeKey] | type[SystemKey]:
    return SystemKey if practice_id is None else PracticeKey


def _same_key(practice_id: UUID | None, key: WrappedKey) -> list[ColumnElement[bool]]:
    table = _table(practice_id)
    same = [table.purpose == key.purpose, table.version == key.version, table.wrapped == key.wrapped]
    return same if practice_id is None else [*same, PracticeKey.practice_id == practice_id]


def _columns(key: WrappedKey) -> dict[str, object]:
    return {"purpose": key.purpose, "version": key.version, "wrapped": key.wrapped}

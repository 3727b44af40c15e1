"""Reading and making the wrapped keys of practices and of the installation."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app.crypto.keyring import WrappedKey, keyring
from app.extensions import db
from app.models import PracticeKey, SystemKey


def load_wrapped_keys(practice_id: UUID | None) -> list[WrappedKey]:
    """Return the stored keys of a practice, or the installation's own (made at first need) when it is None.

    Uses a connection of its own, because values may be decrypted in the middle of another transaction.
    """
    if practice_id is None:
        return _system_keys()
    with db.engine.begin() as connection:
        connection.execute(select(func.set_config("app.practice_id", str(practice_id), True)))
        rows = connection.execute(
            select(PracticeKey.purpose, PracticeKey.version, PracticeKey.wrapped).where(
                PracticeKey.practice_id == practice_id
            )
        )
        return [WrappedKey(*row) for row in rows]


def _system_keys() -> list[WrappedKey]:
    with db.engine.begin() as connection:
        query = select(SystemKey.purpose, SystemKey.version, SystemKey.wrapped)
        rows = connection.execute(query).all()
        if not rows:
            fresh = [_columns(key) for key in keyring.new_keys(None)]
            connection.execute(upsert(SystemKey).values(fresh).on_conflict_do_nothing())
            rows = connection.execute(query).all()
        return [WrappedKey(*row) for row in rows]


def make_practice_keys(practice_id: UUID) -> None:
    """Store fresh keys for a new practice, within the caller's transaction."""
    rows: Iterable[dict[str, object]] = [
        {"practice_id": practice_id, **_columns(key)} for key in keyring.new_keys(practice_id)
    ]
    db.session.execute(insert(PracticeKey), list(rows))


def _columns(key: WrappedKey) -> dict[str, object]:
    return {"purpose": key.purpose, "version": key.version, "wrapped": key.wrapped}

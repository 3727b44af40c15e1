"""The only commit and the only rollback of the codebase."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.extensions import db

_OPEN = "use_case_open"


@contextmanager
def transaction() -> Iterator[Session]:
    """Run one use case: commit at its end, roll back on any error. Inside another use case it joins that one."""
    session = db.session()
    if session.info.get(_OPEN):
        yield session
        return
    session.info[_OPEN] = True
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop(_OPEN, None)


@contextmanager
def apart() -> Iterator[None]:
    """Run what follows in transactions of its own: they stay committed when the use case around them fails."""
    around, own = db.session(), db.session.session_factory()
    db.session.registry.set(own)
    try:
        yield
    finally:
        own.close()
        db.session.registry.set(around)


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)

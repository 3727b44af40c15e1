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


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)

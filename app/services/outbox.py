"""Leaving a job behind, in the caller's transaction: it exists if and only if the transaction commits.

Jobs are named, not imported: the rooms that run them lie above. Arguments are ids only: they are stored in the clear.
"""

from datetime import datetime
from uuid import UUID

from procrastinate import App, SyncPsycopgConnector
from sqlalchemy.orm import Session

INBOX = "inbox"  # the queue that a part of the worker serves before all others
_ANY = "default"
_door = App(connector=SyncPsycopgConnector())  # never opened: jobs go out on the session's own connection


def leave_job(
    session: Session,
    task: str,
    *,
    lock: str | None = None,
    at: datetime | None = None,
    queue: str = _ANY,
    **ids: UUID | int | None,
) -> None:
    """Have the task of this name run once this transaction has committed, and not before the moment `at`, if given."""
    arguments = {name: str(value) if isinstance(value, UUID) else value for name, value in ids.items()}
    connection = session.connection().connection.driver_connection
    _door.configure_task(task, lock=lock, schedule_at=at, queue=queue, connection=connection).defer(**arguments)

"""Noticing a connection that the server has closed, without asking the server."""

import select
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection


@event.listens_for(Pool, "checkout")
def refuse_closed(connection: Any, _entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
    """Let the pool replace its connections when the one at hand was closed from the other side.

    An idle connection has nothing to say: if its socket can be read, the server has ended it (restart, failover,
    administrator). Asking by `SELECT 1` instead costs a round trip a request and proves no more.
    """
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN | select.POLLHUP | select.POLLERR)
    if waiting.poll(0):
        raise InvalidatePoolError

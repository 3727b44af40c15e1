"""Behind a pooler that lends a connection for one transaction: what one's own would remember is said at each BEGIN."""

from functools import cache

from sqlalchemy import bindparam, func, select
from sqlalchemy.engine import Connection

from app.database.statements import Asked, Statement


def said_each_time(connection: Connection) -> list[Asked]:
    """Return the question that sets the database's limits for a transaction; none where the connection keeps them."""
    wanted = connection.get_execution_options().get("each_transaction")
    return [(_settings(tuple(wanted)), wanted)] if wanted else []


@cache
def _settings(names: tuple[str, ...]) -> Statement:
    return Statement(select(*(func.set_config(name, bindparam(name), True).label(name) for name in names)))

"""Statements of the hot paths: written in SQLAlchemy, compiled once, run by the driver, several in one round trip.

What SQLAlchemy does anew at every execution (cache keys, result metadata, identities) costs more than PostgreSQL's own
work. The rest stays as usual: the same connection, transaction, types and errors.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from sqlalchemy import Dialect, Executable
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from app.database.wire import Ready, Rows, wire

Parameters = Mapping[str, Any]
_WAITING = "statements_waiting"


class Statement:
    """A statement with named parameters: those of its `bindparam`s and, of an INSERT, the `columns` that it writes."""

    def __init__(self, statement: Executable, columns: Iterable[str] | None = None) -> None:
        self._statement, self._columns = statement, None if columns is None else list(columns)
        self._compiled: _Compiled | None = None

    def ready(self, dialect: Dialect, given: Parameters) -> Ready:
        """Return the text and the values as they travel."""
        if self._compiled is None:
            self._compiled = self._compile(dialect)
        text, names, fixed, processors = self._compiled
        values = [given[name] if name in given else fixed[name] for name in names]
        if processors:
            values = [
                processors[name](value) if name in processors else value
                for name, value in zip(names, values, strict=True)
            ]
        return text, values

    def _compile(self, dialect: Dialect) -> "_Compiled":
        compiled: SQLCompiler = self._statement.compile(dialect=dialect, column_keys=self._columns)  # type: ignore[attr-defined]
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        text, names = _numbered(str(compiled))
        return text, names, fixed, dict(cast("_Processors", compiled._bind_processors))  # noqa: SLF001 - there is no public way to them


_Processors = Mapping[str, Callable[[Any], Any]]
_Compiled = tuple[str, list[str], dict[str, Any], dict[str, Callable[[Any], Any]]]
_PLACE = re.compile(r"%\((\w+)\)s|%%")


def _numbered(text: str) -> tuple[str, list[str]]:
    """Turn named places into numbered ones; a name that stands twice has one number."""
    names: list[str] = []

    def number(place: re.Match[str]) -> str:
        name = place[1]
        if name is None:
            return "%"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACE.sub(number, text), names


Asked = tuple[Statement, Parameters]


def send(session: Session, *asked: Asked) -> list[Rows]:
    """Run statements in one round trip, in order, and return the rows of each; raises as SQLAlchemy does."""
    connection = session.connection()
    waiting = take_waiting(session)
    with driver_errors(connection):
        return send_by_driver(connection, [*waiting, *asked])[len(waiting) :]


def send_later(session: Session, *asked: Asked) -> None:
    """Keep writes back until the next question to the database, or the COMMIT: they travel with it."""
    session.info.setdefault(_WAITING, []).extend(asked)


def has_waiting(session: Session) -> bool:
    """Say whether writes are kept back."""
    return bool(session.info.get(_WAITING))


def take_waiting(session: Session) -> list[Asked]:
    """Return the writes that were kept back, which the caller now sends or drops."""
    waiting: list[Asked] = session.info.pop(_WAITING, [])
    return waiting


def send_by_driver(connection: Connection, asked: Sequence[Asked], *, last: str | None = None) -> list[Rows]:
    """Run statements on an open connection, and after them `last`; for the session's own hooks."""
    ready = [statement.ready(connection.dialect, given) for statement, given in asked]
    return wire(driver_of(connection)).ask(ready, last)


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's own connection."""
    return connection.connection.driver_connection  # type: ignore[return-value]


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy would, so that one table of errors serves both."""
    try:
        yield
    except psycopg.Error as error:
        lost = driver_of(connection).closed
        if lost:
            connection.invalidate(error)
        raised = DBAPIError.instance(
            None, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=lost,
            dialect=connection.dialect,
        )  # fmt: skip
        raise raised from error

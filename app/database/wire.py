"""Statements in one round trip, by libpq itself: each is prepared once a connection, then only its values travel.

The driver's own pipeline makes a cursor for every statement and goes to the socket for each; under load its threads
wait for the interpreter as often. Here everything is sent at once and waited for once. Values go as text, so that
PostgreSQL infers their types from the statement, whatever their size. Transactions begin as the driver would begin
them, and errors are the driver's own.
"""

import select
from collections import namedtuple
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors
from psycopg.abc import PyFormat
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

Rows = list[Any]
Ready = tuple[str, Sequence[Any]]  # a statement with $1, $2 … and its values in that order

_BEGIN = "BEGIN"
_INTERVAL = 1186  # its oid: `moment - $1` would be taken for the difference of two moments
_WHAT_IS_PREPARED = "SELECT name FROM pg_prepared_statements"
_ASKED, _PLAIN = "asked", "plain"  # besides the text of a statement that is prepared: what a result answers
_EVENTS = select.POLLIN | select.POLLERR | select.POLLHUP
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Wire:
    """One connection's way to the server, with the names of what it has prepared."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver, self._pgconn = driver, driver.pgconn
        self._adapt = Transformer.from_context(driver)
        self._names: dict[str, bytes] = {}
        self._named = 0
        self._may_have_lost_names = False
        self._shapes: dict[tuple[bytes | None, ...], Any] = {}

    @property
    def _prepares(self) -> bool:
        """Say whether statements are prepared: where connections are lent for one transaction, the driver's are not."""
        return self._driver.prepare_threshold is not None

    def ask(self, asked: Sequence[Ready], last: str | None = None) -> list[Rows]:
        """Run the statements in order, and after them `last`; return the rows of each. Raises psycopg.Error.

        None of them takes effect alone: after an error the transaction is the caller's to roll back.
        """
        if self._may_have_lost_names:
            self._forget_lost_names()
        sent, results = self._exchange(asked, last)
        self._check(sent, results)
        return [self._rows(result) for kind, result in zip(sent, results, strict=True) if kind == _ASKED]

    def doubt_names(self) -> None:
        """Note a rollback: the driver may have let go of everything that was prepared, this wire's as well."""
        self._may_have_lost_names = True

    def _forget_lost_names(self) -> None:
        sent, results = self._exchange((), _WHAT_IS_PREPARED)
        self._check(sent, results)
        left = {result.get_value(row, 0) for result in results for row in range(result.ntuples)}
        self._names = {text: name for text, name in self._names.items() if name in left}
        self._may_have_lost_names = False

    def _exchange(self, asked: Sequence[Ready], last: str | None) -> tuple[list[str], list[PGresult]]:
        try:
            self._pgconn.enter_pipeline_mode()
            sent = self._send(asked, last)
            results = self._results(len(sent))
            self._pgconn.exit_pipeline_mode()
        except BaseException:
            self._driver.close()  # stopped half way: what would come next is not the answer to the next question
            raise
        return sent, results

    def _send(self, asked: Sequence[Ready], last: str | None) -> list[str]:
        """Queue everything and return what each coming result answers: plain, a statement's text to prepare, asked."""
        sent: list[str] = []
        if self._pgconn.transaction_status == TransactionStatus.IDLE and not self._driver.autocommit:
            sent.append(self._send_plain(_BEGIN))
        for text, values in asked:
            dumped = self._adapt.dump_sequence(values, [PyFormat.TEXT] * len(values))
            if self._prepares:
                sent.extend(self._send_prepare(text, values))
                self._pgconn.send_query_prepared(self._names[text], dumped)
            else:
                self._pgconn.send_query_params(text.encode(), dumped, _types(values))
            sent.append(_ASKED)
        if last is not None:
            sent.append(self._send_plain(last))
        self._pgconn.pipeline_sync()
        return sent

    def _send_prepare(self, text: str, values: Sequence[Any]) -> list[str]:
        """Prepare a statement that is new on this connection; return what its result answers, if there will be one."""
        if text in self._names:
            return []
        self._named += 1
        self._names[text] = f"vx{self._named}".encode()
        self._pgconn.send_prepare(self._names[text], text.encode(), _types(values))
        return [text]

    def _send_plain(self, text: str) -> str:
        self._pgconn.send_query_params(text.encode(), None)
        return _PLAIN

    def _results(self, count: int) -> list[PGresult]:
        """Wait for the results of everything queued, and for the mark that it was all."""
        waiting = select.poll()
        waiting.register(self._pgconn.socket, _EVENTS)
        self._flush(waiting)
        results = []
        for _ in range(count):
            result = self._next(waiting)
            if result is None:
                raise psycopg.OperationalError("the connection is lost")
            results.append(result)
            self._next(waiting)  # nothing: the end of this one
        self._next(waiting)  # the end of all
        return results

    def _flush(self, waiting: Any) -> None:
        """Hand everything to the socket; a server that has to say something first is listened to meanwhile."""
        while self._pgconn.flush():
            waiting.modify(self._pgconn.socket, _EVENTS | select.POLLOUT)
            if any(event & select.POLLIN for _, event in waiting.poll()):
                self._pgconn.consume_input()
        waiting.modify(self._pgconn.socket, _EVENTS)

    def _next(self, waiting: Any) -> PGresult | None:
        while self._pgconn.is_busy():
            waiting.poll()
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _check(self, sent: Sequence[str], results: Sequence[PGresult]) -> None:
        """Raise the first error; statements whose preparing it prevented are forgotten."""
        wrong = [result for result in results if result.status not in _GOOD]
        if not wrong:
            return
        for kind, result in zip(sent, results, strict=True):
            if result.status not in _GOOD:
                self._names.pop(kind, None)
        raise errors.error_from_result(wrong[0], self._driver.info.encoding)

    def _rows(self, result: PGresult) -> Rows:
        if not result.nfields:
            return []
        names = tuple(result.fname(column) for column in range(result.nfields))
        if names not in self._shapes:
            fields = [cast("bytes", name).decode() for name in names]
            shape = cast("Any", namedtuple)("Row", fields)  # only with literal fields does it have a type
            self._shapes[names] = shape._make
        self._adapt.set_pgresult(result)
        return self._adapt.load_rows(0, result.ntuples, self._shapes[names])


def _types(values: Sequence[Any]) -> list[int]:
    return [_INTERVAL if isinstance(value, timedelta) else 0 for value in values]


_wires: WeakKeyDictionary[psycopg.Connection[Any], Wire] = WeakKeyDictionary()


def wire(driver: psycopg.Connection[Any]) -> Wire:
    """Return the connection's wire, the same as long as the connection lives."""
    found = _wires.get(driver)
    if found is None:
        found = _wires[driver] = Wire(driver)
    return found


@event.listens_for(Engine, "rollback")
@event.listens_for(Engine, "rollback_savepoint")
def _doubt_names(connection: Connection, *_: object) -> None:
    if connection.invalidated:
        return  # there is no connection any more, and nothing prepared on it
    found = _wires.get(cast("psycopg.Connection[Any]", connection.connection.driver_connection))
    if found is not None:
        found.doubt_names()

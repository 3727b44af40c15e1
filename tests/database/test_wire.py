"""The wire: one round trip, prepared once, right after rollbacks and errors, closed when it was stopped half way."""

import select
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from psycopg import errors
from psycopg.pq import TransactionStatus

from app.database.wire import Wire
from app.extensions import db


@pytest.fixture
def driver(app: Flask) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the driver's own, as the application's role."""
    with app.app_context():
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        yield connection


def _prepared(driver: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in driver.execute("SELECT name FROM pg_prepared_statements").fetchall()}


def test_statements_run_in_order_in_one_transaction(driver: psycopg.Connection[Any]) -> None:
    """BEGIN as the driver would, and COMMIT with the last."""
    wire = Wire(driver)
    rows = wire.ask([("SELECT $1::int AS n", [1]), ("SELECT $1::int + 1 AS n, $2::text AS word", [1, "x"])])
    assert [[row._asdict() for row in one] for one in rows] == [[{"n": 1}], [{"n": 2, "word": "x"}]]
    assert driver.info.transaction_status == TransactionStatus.INTRANS
    wire.ask([("SELECT 1 AS n", [])], last="COMMIT")
    assert driver.info.transaction_status == TransactionStatus.IDLE


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("uuid", uuid4()), ("numeric", Decimal("120.50")), ("bytea", b"\x00\xff'"), ("boolean", True),
        ("text", "ü\\'\n"),
        ("timestamptz", datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)), ("bigint", 2**40), ("smallint", 3),
        ("interval", timedelta(days=3)), ("text[]", ["a", "b,c", 'd"']), ("uuid[]", [uuid4()]), ("int", None),
    ],
)  # fmt: skip
def test_values_come_back_as_they_went(driver: psycopg.Connection[Any], cast: str, value: object) -> None:
    """Whatever the type."""
    [[row]] = Wire(driver).ask([(f"SELECT $1::{cast} AS it", [value])])
    assert row.it == value


def test_a_statement_is_prepared_once_whatever_the_size_of_its_numbers(driver: psycopg.Connection[Any]) -> None:
    """Types are inferred from the text."""
    wire = Wire(driver)
    for number in (1, 2**20, 2**40):
        wire.ask([("SELECT $1::bigint AS n", [number])])
    assert len(_prepared(driver)) == 1


def test_an_error_is_the_drivers_and_nothing_of_the_trip_stays(driver: psycopg.Connection[Any]) -> None:
    """The statements after it are not run; the next trip is right."""
    wire = Wire(driver)
    with pytest.raises(errors.DivisionByZero):
        wire.ask([("SELECT 1 AS n", []), ("SELECT 1 / $1::int AS n", [0]), ("SELECT 2 AS n", [])], last="COMMIT")
    assert driver.info.transaction_status == TransactionStatus.INERROR
    driver.rollback()
    wire.doubt_names()
    assert [one[0].n for one in wire.ask([("SELECT 1 AS n", []), ("SELECT 2 AS n", [])])] == [1, 2]


def test_what_could_not_be_prepared_is_prepared_again(driver: psycopg.Connection[Any]) -> None:
    """A table that was missing may be there later."""
    wire = Wire(driver)
    for _ in range(2):
        with pytest.raises(errors.UndefinedTable):
            wire.ask([("SELECT * FROM no_such_table", [])])
        driver.rollback()
        wire.doubt_names()


def test_names_that_the_driver_let_go_of_are_made_anew(driver: psycopg.Connection[Any]) -> None:
    """The driver drops everything prepared when it rolls back and has prepared something itself."""
    wire = Wire(driver)
    wire.ask([("SELECT 1 AS n", [])])
    for _ in range(8):
        driver.execute("SELECT %s::int", [1])
    driver.rollback()
    wire.doubt_names()
    assert wire.ask([("SELECT 1 AS n", [])])[0][0].n == 1
    assert len(_prepared(driver)) == 1


def test_many_rows_and_a_large_statement_go_through(driver: psycopg.Connection[Any]) -> None:
    """More than the buffers of both sides hold at once."""
    large = "x" * 3_000_000
    rows = Wire(driver).ask(
        [
            ("SELECT n, $1::text AS word FROM generate_series(1, 20) n", [large]),
            ("SELECT length($1::text) AS n", [large]),
        ]
    )
    assert (len(rows[0]), rows[0][-1].word == large, rows[1][0].n) == (20, True, 3_000_000)


def test_a_connection_that_was_ended_is_known_to_be_closed(driver: psycopg.Connection[Any]) -> None:
    """An error of the driver, not a hang."""
    wire = Wire(driver)
    [[row]] = wire.ask([("SELECT pg_backend_pid() AS pid", [])], last="COMMIT")
    with psycopg.connect(driver.info.dsn, password=driver.info.password) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [row.pid])
    with pytest.raises(psycopg.OperationalError):
        wire.ask([("SELECT 1 AS n", [])])
    assert driver.closed


def test_a_wire_that_was_stopped_half_way_is_closed(
    driver: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that nobody takes its late answer for their own."""

    class Stopped(BaseException):
        pass

    def stop() -> None:
        raise Stopped

    wire = Wire(driver)
    monkeypatch.setattr(select, "poll", stop)
    with pytest.raises(Stopped):
        wire.ask([("SELECT 1 AS n", [])])
    assert driver.closed

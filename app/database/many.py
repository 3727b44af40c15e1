"""Many rows in one statement: writes that were kept back one by one travel as one statement a kind.

The rows go as one JSON text, so that the statement is the same however many they are; the database reads them by the
table's own row type, numbers with all their decimals. COPY would be faster still, but it is refused under row security.
"""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, MetaData, Table, bindparam, insert, text, update
from sqlalchemy.orm import Session

from app.database.statements import Asked, Statement, send_later, take_waiting

_ROWS = "CAST(:rows AS json)"
# Up to the COMMIT plans are kept, whatever the values. PostgreSQL would plan anew each question about a partitioned
# table, and each check of a row that points into one, which takes longer than all the rest. Only before statements
# whose one good plan is to look rows up in an index: a plan made while a table was empty would read all of it.
_KEEP_PLANS = text(
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', true) AS plans,"
    " set_config('enable_seqscan', 'off', true) AS reading"
)
KEEP_PLANS: Asked = (Statement(_KEEP_PLANS), {})


class Insert(Statement):
    """An INSERT of one row, which can be folded with others like it."""

    def __init__(self, table: Table, columns: Sequence[str]) -> None:
        super().__init__(insert(table).inline(), columns)
        self.table, self._names = table, tuple(columns)

    def of_all(self, rows: Sequence[Mapping[str, Any]]) -> Asked:
        """Return one statement that inserts all the rows."""
        return _insert_all(self.table.name, self._names), {"rows": [_plain(row) for row in rows]}


class Update(Statement):
    """An UPDATE of one row, found by `keys`, which sets `columns`; it can be folded with others like it."""

    def __init__(self, table: Table, keys: Sequence[str], columns: Sequence[str]) -> None:
        found = [table.c[name] == bindparam(f"of_{name}") for name in keys]
        super().__init__(update(table).where(*found).values({name: bindparam(f"new_{name}") for name in columns}))
        self._table, self._keys, self._names = table, tuple(keys), tuple(columns)

    def values(self, row: object) -> dict[str, Any]:
        """Return the parameters that write an object's attributes."""
        found = {f"of_{name}": getattr(row, name) for name in self._keys}
        return found | {f"new_{name}": getattr(row, name) for name in self._names}

    def of_all(self, rows: Sequence[Mapping[str, Any]]) -> Asked:
        """Return one statement that updates all the rows."""
        named = [{name.partition("_")[2]: value for name, value in row.items()} for row in rows]
        return _update_all(self._table.name, self._keys, self._names), {"rows": [_plain(row) for row in named]}


def fold_waiting(session: Session, *first: Asked) -> None:
    """Turn the writes that are kept back into one statement a kind: new rows first, parents before their children.

    `first`: what goes before them, where there are any.
    """
    kinds: dict[int, list[Asked]] = {}
    waiting = take_waiting(session)
    if waiting:
        send_later(session, *first)
    for asked in waiting:
        kinds.setdefault(id(asked[0]), []).append(asked)
    for group in sorted(kinds.values(), key=lambda group: _rank(group[0][0])):
        statement = group[0][0]
        if isinstance(statement, Insert | Update):
            send_later(session, statement.of_all([given for _, given in group]))
        else:
            send_later(session, *group)


def _rank(statement: Statement) -> int:
    """Return the place among the kinds: rows that others point to come first, whatever was kept back first."""
    return _places(statement.table.metadata)[statement.table.name] if isinstance(statement, Insert) else sys.maxsize


@cache
def _places(metadata: MetaData) -> dict[str, int]:
    return {table.name: place for place, table in enumerate(metadata.sorted_tables)}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null, and write bytes as the database reads them."""
    return {
        name: f"\\x{value.hex()}" if isinstance(value, bytes) else value
        for name, value in row.items()
        if value is not None
    }


@cache
def _insert_all(table: str, names: tuple[str, ...]) -> Statement:
    listed = ", ".join(names)
    return _of_rows(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {_read_as(table)}")  # noqa: S608 - our own names


@cache
def _update_all(table: str, keys: tuple[str, ...], names: tuple[str, ...]) -> Statement:
    changes = ", ".join(f"{name} = given.{name}" for name in names)
    found = " AND ".join(f"{table}.{name} = given.{name}" for name in keys)
    return _of_rows(f"UPDATE {table} SET {changes} FROM {_read_as(table)} WHERE {found}")  # noqa: S608 - our own names


def _read_as(table: str) -> str:
    return f"json_populate_recordset(CAST(NULL AS {table}), {_ROWS}) AS given"


def _of_rows(sql: str) -> Statement:
    return Statement(text(sql).bindparams(bindparam("rows", type_=JSON)))

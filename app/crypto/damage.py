"""Values that did not open: noted while a request runs, so that the web layer can report them at its end.

Where a list is read, one damaged value must not hide the others: it is shown as a mark instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

UNREADABLE = "[unreadable]"
_MOST = 1000  # places noted of one request; more would be a whole table, and one line tells that too


@dataclass(frozen=True, slots=True)
class DamagedPlace:
    """Where a value stands that was moved there or altered."""

    table: str
    column: str
    row: str


_noted: ContextVar[dict[DamagedPlace, None] | None] = ContextVar("damaged_places", default=None)
_is_tolerated: ContextVar[bool] = ContextVar("damage_is_tolerated", default=False)


def note(where: bytes) -> None:
    """Remember a place, given as the associated data of its envelope."""
    table, column, rest = where.decode().split("|", 2)
    row = rest.rpartition("|")[0]
    noted = _noted.get()
    if noted is None:
        _noted.set(noted := {})
    if len(noted) < _MOST:
        # Of a row with a compound identity the last part is left out: a caller chose it.
        noted[DamagedPlace(table, column, row.rpartition("|")[0] or row)] = None


def take_noted() -> list[DamagedPlace]:
    """Return what was noted and forget it."""
    noted = _noted.get()
    if noted is None:
        return []
    _noted.set(None)
    return list(noted)


def is_tolerated() -> bool:
    """Say whether a damaged value is to be shown as a mark rather than refused."""
    return _is_tolerated.get()


@contextmanager
def tolerated() -> Iterator[None]:
    """Show damaged values as marks within the block."""
    token = _is_tolerated.set(True)
    try:
        yield
    finally:
        _is_tolerated.reset(token)

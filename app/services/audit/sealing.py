"""Sealing the audit trail: every minute what is finished is summed up, signed, chained and anchored. Nothing waits."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from app.audit.seal import Anchor, SealRefused, Signer, with_paths
from app.audit.verify import EVENT_FIELDS, Roots, Seal, event_line, practice_roots

_log = logging.getLogger(__name__)
INTERVAL_SECONDS = 60
LATE_AFTER_SECONDS = 2 * INTERVAL_SECONDS
MOST_EVENTS = 100_000  # in one seal, give or take the last transaction
_FETCHED = 2_000
_PRACTICE = EVENT_FIELDS.index("practice_id")
_ROWS = f"SELECT {', '.join(EVENT_FIELDS)} FROM audit_rows(%s, %s, %s, %s)"  # noqa: S608 - our own constants
Connection = psycopg.Connection[Any]


@dataclass
class Sealer:
    """What sealing needs: the sealer's way into the database, the key if this process has it, the anchor."""

    database_url: str = ""
    signer: Signer | None = None
    anchor: Anchor | None = None
    retention_years: int = 7

    def configure(self, database_url: str, seed: bytes | None, anchor_file: Path, retention_years: int) -> None:
        """Take the settings."""
        self.database_url = database_url.replace("+psycopg", "", 1)
        self.signer = Signer(seed) if seed else None
        self.anchor = Anchor(anchor_file)
        self.retention_years = retention_years

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Connect as the sealer's role, in one transaction."""
        with psycopg.connect(self.database_url, connect_timeout=5, options="-c timezone=UTC") as connection:
            connection.execute("SET LOCAL statement_timeout = '10min'")
            connection.execute("SET LOCAL lock_timeout = '2s'")
            yield connection


sealer = Sealer()


def seal_events() -> int:
    """Seal everything that is finished and return how many seals were made: one at least, as a sign of life."""
    if sealer.signer is None or sealer.anchor is None:
        _log.error("The audit trail is not sealed: AUDIT_SIGNING_KEY is missing.")
        return 0
    made = 0
    try:
        while (count := _seal_once(sealer.signer, sealer.anchor)) is not None:
            made += 1
            if count < MOST_EVENTS:
                break
    except SealRefused as refusal:
        _log.error("The audit trail is not sealed: %s", refusal)
        raise
    _warn_when_late()
    return made


def start_generation(reason: str) -> Seal:
    """Go on after a restore: transaction ids begin anew, and what only the anchor knows is admitted as lost."""
    if sealer.signer is None or sealer.anchor is None:
        raise SealRefused("AUDIT_SIGNING_KEY is missing.")
    with sealer.connection() as connection:
        connection.execute("SELECT start_audit_generation(%s)", [reason])
        last, known = last_seal(connection), sealer.anchor.last()
        number = (last["number"] if last else 0) + 1
        lost = [number, known["number"]] if known and known["number"] >= number else None
        high = last["high_xid"] if last else 0
        seal = append(connection, sealer.signer, [], {
            "number": lost[1] + 1 if lost else number, "kind": "generation", "low_xid": high, "high_xid": high,
            "generation": last["generation"] if last else 1, "first_at": None, "last_at": None,
            "sealed_at": stamp(datetime.now(UTC)), "details": {"reason": reason, "lost": lost},
        })  # fmt: skip
    sealer.anchor.append([seal])
    return seal


def seal_next(connection: Connection, signer: Signer) -> Seal | None:
    """Append one seal; None when another sealer is at work."""
    window = connection.execute("SELECT * FROM audit_window(%s)", [MOST_EVENTS]).fetchone()
    if window is None or window[0] is None:
        return None
    generation, low, high, at = window
    if high < low:
        raise SealRefused("Transaction ids went back, as after a restore: run `flask audit new-generation`.")
    times = TimeSpan()
    roots = practice_roots(times.noting(stream_events(connection, generation, low, high)))
    return append(connection, signer, roots, {
        "kind": "seal", "generation": generation, "low_xid": low, "high_xid": high, "sealed_at": stamp(at),
        "first_at": times.first, "last_at": times.last, "details": {},
    })  # fmt: skip


def append(connection: Connection, signer: Signer, roots: Roots, said: dict[str, Any]) -> Seal:
    """Sign what a seal says over these roots and append it to the chain."""
    last = last_seal(connection)
    top, rooted = with_paths(_linked(connection, roots))
    sums = {"count": sum(root["count"] for root in roots), "practices": len(roots), "root": top}
    place = {"number": last["number"] + 1 if last else 1, "previous": last["hash"] if last else None}
    seal = signer.sign({**place, **sums, **said})
    rows = [{**root, "seal": seal["number"]} for root in rooted]
    connection.execute("SELECT append_audit_seal(%s::jsonb, %s::jsonb)", [json.dumps(seal), json.dumps(rows)])
    return seal


def _linked(connection: Connection, roots: Roots) -> Roots:
    """Return practices' roots with the number of the seal that covered each before, and how many events in all."""
    practices = [root["practice_id"] for root in roots]
    rows = connection.execute("SELECT * FROM audit_last_seals(%s::uuid[])", [practices]).fetchall()
    last = {practice and str(practice): (seal, total) for practice, seal, total in rows}
    befores = [last.get(practice, (None, 0)) for practice in practices]
    return [
        {**root, "previous": seal, "total": total + root["count"]}
        for root, (seal, total) in zip(roots, befores, strict=True)
    ]


def stream_events(
    connection: Connection, generation: int, low: int, high: int, since: datetime | None = None
) -> Iterator[tuple[str | None, bytes]]:
    """Yield each event of a window with its practice, as the line that is hashed; memory stays constant."""
    if low == high:
        return
    with connection.cursor("audit_rows") as cursor:
        cursor.itersize = _FETCHED
        for row in cursor.execute(_ROWS, [generation, low, high, since]):
            yield row[_PRACTICE], event_line(row)


@dataclass
class TimeSpan:
    """The earliest and the latest time of the events that passed."""

    first: str | None = None
    last: str | None = None

    def noting(self, lines: Iterator[tuple[str | None, bytes]]) -> Iterator[tuple[str | None, bytes]]:
        """Pass events on and note their times: the first member of every line, all of one length."""
        for practice_id, line in lines:
            at = line[7:34].decode()
            self.first = at if self.first is None or at < self.first else self.first
            self.last = at if self.last is None or at > self.last else self.last
            yield practice_id, line


def _seal_once(signer: Signer, anchor: Anchor) -> int | None:
    """Make one seal, anchor it and return its count; before it, anchor those whose anchoring was cut short."""
    with sealer.connection() as connection:
        catch_up(connection, anchor)
        seal = seal_next(connection, signer)
    if seal is None:
        return None
    anchor.append([seal])
    return int(seal["count"])


def catch_up(connection: Connection, anchor: Anchor) -> None:
    """Anchor the seals that are not yet; raises SealRefused when the anchor knows what the database does not."""
    known = anchor.last()
    if known is not None:
        found = list_seals(connection, known["number"], known["number"])
        if not found or found[0]["hash"] != known["hash"]:
            number = known["number"]
            raise SealRefused(f"The chain lacks seal {number} as it was anchored: it was cut, remade or restored.")
    missing = list_seals(connection, known["number"] + 1 if known else 1)
    if missing:
        _log.warning("%d seals were not anchored yet, from number %d on.", len(missing), missing[0]["number"])
    anchor.append(missing)


def _warn_when_late() -> None:
    with sealer.connection() as connection:
        found = connection.execute("SELECT now - unsealed_at FROM audit_state()").fetchone()
    seconds = found[0].total_seconds() if found and found[0] else 0
    if seconds > LATE_AFTER_SECONDS:
        _log.error("Audit events wait for their seal for %d seconds: a transaction stays open.", seconds)


def last_seal(connection: Connection) -> Seal | None:
    """Return the head of the chain."""
    row = connection.execute("SELECT max(number) FROM audit_seals").fetchone()
    found = list_seals(connection, row[0], row[0]) if row and row[0] else []
    return found[0] if found else None


def list_seals(connection: Connection, first: int, last: int | None = None) -> list[Seal]:
    """Return the seals of these numbers, as they are signed."""
    with connection.cursor(row_factory=dict_row) as cursor:
        query = "SELECT * FROM audit_seals WHERE number >= %s AND (%s::bigint IS NULL OR number <= %s) ORDER BY number"
        return [as_signed(row) for row in cursor.execute(query, [first, last, last])]


def as_signed(row: dict[str, Any]) -> Seal:
    """Return a stored seal in the form that was signed: times as texts."""
    return {name: stamp(value) if isinstance(value, datetime) else value for name, value in row.items()}


def stamp(at: datetime) -> str:
    """Return a moment in UTC with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""The chain of seals as a whole: verifying it against the database, and exporting it for somebody who has none."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from psycopg.rows import dict_row

from app.audit import events, verify
from app.audit.verify import Broken, ChainCheck, Roots, Seal, Trust, Verdict
from app.services.audit.sealing import Connection, as_signed, last_seal, list_seals, sealer, stamp, stream_events
from app.services.transaction import transaction

FORMAT = 1
_SEALS_AT_ONCE = 1_000
_STABLE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"


def verify_database(anchor: Path | None) -> Verdict:
    """Verify every seal against the events that are there now; raises Broken with the first that does not hold."""
    trust = verify.read_anchor(anchor) if anchor else Trust()
    with sealer.connection() as connection:
        connection.execute(_STABLE)
        check = ChainCheck(trust, purged=_tombstones(connection))
        last = None
        for last in stream_seals(connection):
            window = (last["generation"], last["low_xid"], last["high_xid"])
            check.check(last, roots_of(connection, last), stream_events(connection, *window))
        verdict = check.finish()
        _refuse_strays(connection, verdict, last)
    return verdict


def export_trail(directory: Path) -> int:
    """Write the whole trail up to its newest seal, with the module that verifies it; return how many lines."""
    directory.mkdir(parents=True, exist_ok=True)
    with transaction() as session:
        events.record(session, "audit:export", "audit_event", reason="whole installation")
    written = 0
    with sealer.connection() as connection, (directory / "trail.jsonl").open("wb") as trail:
        connection.execute(_STABLE)
        head = last_seal(connection)
        manifest = make_manifest(head, None)
        for line in (json_line({"manifest": manifest}), *()) if head is None else _trail(connection, manifest):
            trail.write(line + b"\n")
            written += 1
    (directory / "manifest.json").write_bytes(json_line(manifest) + b"\n")
    shutil.copyfile(verify.__file__, directory / "verify.py")
    return written


def stream_seals(connection: Connection) -> Iterator[Seal]:
    """Yield all seals in their order, some at a time."""
    first = 1
    while found := list_seals(connection, first, first + _SEALS_AT_ONCE - 1) or _next_after_gap(connection, first):
        yield from found
        first = found[-1]["number"] + 1


def roots_of(connection: Connection, seal: Seal) -> Roots:
    """Return the practices' roots of a seal, in their order."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM audit_roots(%s)", [seal["number"]]).fetchall()
    return [{**row, "practice_id": row["practice_id"] and str(row["practice_id"])} for row in rows]


def make_manifest(head: Seal | None, practice_id: str | None) -> dict[str, object]:
    """Return what the first line of an export says."""
    return {
        "format": FORMAT,
        "practice_id": practice_id,
        "created_at": stamp(datetime.now(UTC)),
        "head": {"number": head["number"], "hash": head["hash"], "key": head["key"]} if head else None,
    }


def json_line(value: object) -> bytes:
    """Return a value as one line of JSON without needless spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def _trail(connection: Connection, manifest: dict[str, object]) -> Iterator[bytes]:
    yield json_line({"manifest": manifest})
    for seal in stream_seals(connection):
        yield json_line({"seal": seal, "roots": roots_of(connection, seal)})
        window = (seal["generation"], seal["low_xid"], seal["high_xid"])
        yield from (line for _, line in stream_events(connection, *window))


def _next_after_gap(connection: Connection, first: int) -> list[Seal]:
    """Find the seals behind missing ones, so that the gap is reported and not taken for the end."""
    row = connection.execute("SELECT min(number) FROM audit_seals WHERE number >= %s", [first]).fetchone()
    return list_seals(connection, row[0], row[0]) if row and row[0] else []


def _tombstones(connection: Connection) -> list[Seal]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [
            as_signed(row)
            for row in cursor.execute("SELECT * FROM audit_seals WHERE kind = 'tombstone' ORDER BY number")
        ]


def _refuse_strays(connection: Connection, verdict: Verdict, last: Seal | None) -> None:
    """Count what no seal covers and none ever will: events that claim a generation there never was."""
    total = connection.execute("SELECT coalesce(sum(count), 0) FROM audit_count()").fetchone()
    row = connection.execute(
        "SELECT coalesce(sum(audit_unsealed(number, CASE WHEN number = %(at)s THEN %(high)s ELSE 0 END)), 0)"
        " FROM audit_generations WHERE number >= %(at)s",
        {"at": last["generation"] if last else 0, "high": last["high_xid"] if last else 0},
    ).fetchone()
    there, waiting = (int(found[0]) if found else 0 for found in (total, row))
    if there != verdict.events + waiting:
        raise Broken(None, f"{there - verdict.events - waiting} events lie outside every seal")
    if waiting:
        verdict.notes.append(f"{waiting} events wait for their seal.")

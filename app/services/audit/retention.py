"""Letting old audit events go: whole months beyond the retention, sealed, with a signed tombstone in the chain."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.audit.seal import SealRefused, Signer
from app.audit.verify import Roots, Seal, practice_roots
from app.services.audit import sealing
from app.services.audit.chain import roots_of
from app.services.audit.sealing import Connection, sealer

MIN_YEARS = 6  # 45 CFR 164.316(b)(2)(i)


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge took away, and the seal that says so."""

    before: date
    months: int
    tombstone: int | None


def purge_events(before: date, today: date) -> Purge:
    """Drop the months before this first of a month; raises SealRefused when they may not go."""
    cutoff = oldest_kept(today, sealer.retention_years)
    if before > cutoff or before.day != 1:
        raise SealRefused(f"Events are kept for {sealer.retention_years} years: nothing from {cutoff} on may go.")
    if sealer.signer is None or sealer.anchor is None:
        raise SealRefused("A purge needs AUDIT_SIGNING_KEY: it leaves a signed tombstone.")
    sealing.seal_events()
    with sealer.connection() as connection:
        months = connection.execute("SELECT * FROM audit_months_before(%s)", [before]).fetchall()
        if not months:
            return Purge(before, 0, None)
        tombstone = _bury(connection, sealer.signer, before, [month[1] for month in months])
        connection.execute("SELECT drop_audit_months(%s)", [before])
    sealer.anchor.append([tombstone])
    return Purge(before, len(months), tombstone["number"])


def oldest_kept(today: date, years: int) -> date:
    """Return the first day that a purge must leave: the month of this day, so many years ago."""
    return date(today.year - max(years, MIN_YEARS), today.month, 1)


def _bury(connection: Connection, signer: Signer, before: date, partitions: list[str]) -> Seal:
    """Append the tombstone: which months go, and the roots of what remains of seals that also cover later ones."""
    last = sealing.last_seal(connection)
    if last is None:
        raise SealRefused("Nothing is sealed yet.")
    since = datetime(before.year, before.month, before.day, tzinfo=UTC)
    remaining = {str(seal["number"]): _remaining(connection, seal, since) for seal in _straddling(connection, since)}
    return sealing.append(connection, signer, [], {
        "kind": "tombstone", "generation": last["generation"], "low_xid": last["high_xid"],
        "high_xid": last["high_xid"], "sealed_at": sealing.stamp(datetime.now(UTC)), "first_at": None, "last_at": None,
        "details": {"before": before.isoformat(), "months": partitions, "remaining": remaining},
    })  # fmt: skip


def _straddling(connection: Connection, since: datetime) -> list[Seal]:
    query = "SELECT number FROM audit_seals WHERE first_at < %s AND last_at >= %s ORDER BY number"
    numbers = connection.execute(query, [since, since]).fetchall()
    return [seal for (number,) in numbers for seal in sealing.list_seals(connection, number, number)]


def _remaining(connection: Connection, seal: Seal, since: datetime) -> Roots:
    """Return the roots over what stays; what is there now must be what was sealed, or a purge would hide a change."""
    window = (seal["generation"], seal["low_xid"], seal["high_xid"])
    there = practice_roots(sealing.stream_events(connection, *window))
    if list(map(_content, there)) != list(map(_content, _left(connection, seal))):
        raise SealRefused(f"Seal {seal['number']} does not hold: verify the trail before anything is purged.")
    return practice_roots(sealing.stream_events(connection, *window, since))


def _left(connection: Connection, seal: Seal) -> Roots:
    """Return the roots over what the purges before left of a seal, or those it was made with."""
    query = "SELECT details -> 'remaining' FROM audit_seals WHERE kind = 'tombstone' ORDER BY number DESC LIMIT 1"
    row = connection.execute(query).fetchone()
    left: Roots | None = row[0].get(str(seal["number"])) if row else None
    return roots_of(connection, seal) if left is None else left


def _content(root: dict[str, object]) -> tuple[object, ...]:
    return root["practice_id"], root["count"], root["root"]

"""What a practice can see of the chain: its state, the seals that cover its events, and its own verifiable trail."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func, select, text
from sqlalchemy.engine import Connection

from app.audit import events
from app.audit.verify import EVENT_FIELDS, SEAL_FIELDS, Seal, event_line
from app.domain.actor import Actor
from app.domain.paging import Page, PageRequest
from app.extensions import db
from app.models import AuditSeal, AuditSealRoot
from app.services.audit.chain import json_line, make_manifest
from app.services.audit.sealing import LATE_AFTER_SECONDS, stamp
from app.services.transaction import transaction

_ROWS_AT_ONCE = 1_000
_AS_PRACTICE = text("SELECT set_config('app.practice_id', :practice, true)")
_SIGNED = (*SEAL_FIELDS, "hash", "signature")
_LINES = text(
    f"SELECT {', '.join(EVENT_FIELDS)} FROM audit_lines WHERE raw_practice_id = :practice"  # noqa: S608 - our own constants
    " AND generation = :generation AND raw_xid >= CAST(:low AS text)::xid8 AND raw_xid < CAST(:high AS text)::xid8"
    " ORDER BY raw_xid, id"
)


@dataclass(frozen=True, slots=True)
class ChainState:
    """The head of the chain, how many seals and own events there are, and how long the oldest event waits."""

    number: int | None
    hash: str | None
    sealed_at: datetime | None
    lag_seconds: float
    sealed_events: int

    @property
    def is_late(self) -> bool:
        """Say whether an event waits longer than two intervals."""
        return self.lag_seconds > LATE_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class SealLine:
    """One seal, and what of it is the practice's own."""

    seal: AuditSeal
    own: AuditSealRoot


def chain_state(actor: Actor) -> ChainState:
    """Return where the chain stands now."""
    with transaction() as session:
        found = session.execute(text("SELECT * FROM audit_state()")).one()
        own = AuditSealRoot.practice_id == actor.practice_id
        sealed = session.scalar(select(AuditSealRoot.total).where(own).order_by(AuditSealRoot.seal.desc()).limit(1))
        lag = (found.now - found.unsealed_at).total_seconds() if found.unsealed_at else 0.0
        return ChainState(found.number, found.hash, found.sealed_at, round(lag, 1), int(sealed or 0))


def list_seals(actor: Actor, paging: PageRequest) -> Page[SealLine]:
    """Return one page of the seals that cover the practice's events, newest first."""
    own = AuditSealRoot.practice_id == actor.practice_id
    with transaction() as session:
        count = session.scalar(select(func.count()).select_from(AuditSealRoot).where(own)) or 0
        rows = session.execute(
            select(AuditSeal, AuditSealRoot)
            .join(AuditSealRoot, AuditSealRoot.seal == AuditSeal.number)
            .where(own)
            .order_by(AuditSeal.number.desc())
            .offset(paging.offset)
            .limit(paging.page_size)
        )
        lines = [SealLine(seal, root) for seal, root in rows]
        events.record(session, "audit:list_seals", "audit_seal")
        return Page(lines, count, paging)


def export_own_trail(actor: Actor) -> Iterator[bytes]:
    """Return the practice's sealed events with their seals, as lines that `verify.py` proves without anybody's help."""
    with transaction() as session:
        events.record(session, "audit:export", "audit_event", reason="verifiable trail")
        before = select(func.max(text("(details ->> 'before')::date"))).select_from(AuditSeal)
        purged_before = session.scalar(before.where(AuditSeal.kind == "tombstone"))
    return _own_trail(db.engine, actor.practice_id, purged_before)


def _own_trail(engine: Engine, practice_id: UUID, purged_before: Any) -> Iterator[bytes]:
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        connection.execute(
            text("SELECT set_config('app.practice_id', :practice, true)"), {"practice": str(practice_id)}
        )
        seals = [number for (number,) in connection.execute(_own_numbers(practice_id, purged_before))]
        head = _signed(connection, seals[-1])[0] if seals else None
        yield json_line({"manifest": make_manifest(head, str(practice_id))}) + b"\n"
        for number in seals:
            seal, root = _signed(connection, number)
            yield json_line({"seal": seal, "roots": [root]}) + b"\n"
            yield from _lines(connection, practice_id, seal)


def _own_numbers(practice_id: UUID, purged_before: Any) -> Any:
    query = select(AuditSealRoot.seal).where(AuditSealRoot.practice_id == practice_id).order_by(AuditSealRoot.seal)
    if purged_before is None:
        return query
    return query.join(AuditSeal, AuditSeal.number == AuditSealRoot.seal).where(AuditSeal.first_at >= purged_before)


def _signed(connection: Connection, number: int) -> tuple[Seal, dict[str, Any]]:
    seals, roots = AuditSeal.metadata.tables["audit_seals"], AuditSeal.metadata.tables["audit_seal_roots"]
    seal = connection.execute(select(seals).where(seals.c.number == number)).mappings().one()
    root = connection.execute(select(roots).where(roots.c.seal == number)).mappings().one()
    said = {name: stamp(seal[name]) if isinstance(seal[name], datetime) else seal[name] for name in _SIGNED}
    return said, json.loads(json.dumps(dict(root), default=str))


def _lines(connection: Connection, practice_id: UUID, seal: Seal) -> Iterator[bytes]:
    window = {"generation": seal["generation"], "low": str(seal["low_xid"]), "high": str(seal["high_xid"])}
    streaming = connection.execution_options(yield_per=_ROWS_AT_ONCE)
    for rows in streaming.execute(_LINES, {"practice": practice_id, **window}).partitions():
        yield b"".join(event_line(tuple(row)) + b"\n" for row in rows)

"""Writing what the engine planned: lines entered, brought up to date, taken back, brought back; impacts raised."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.crypto.columns import encrypt
from app.crypto.envelope import place
from app.database.many import Insert
from app.database.statements import send_later
from app.domain.billing.answers import Answer, Evidence, read_evidence
from app.domain.billing.clocks import Clock
from app.domain.billing.entries import EntryStatus
from app.domain.billing.facts import Period
from app.domain.billing.reconcile import Impact, OwnLine, Plan, VoidCause, fingerprint
from app.models import BillingEntry, BillingEntryChange, BillingImpact, BillingPeriod
from app.models.base import new_id

_MINUTE = 60
_OF_A_LINE = (
    "service_date", "amount", "units", "payer", "icd10_codes", "seconds", "duration_minutes", "period_start",
    "period_end", "service_month", "episode_id", "evidence", "rule_set_id", "rule_set_hash", "fingerprint",
)  # fmt: skip
_OF_A_NEW_LINE = (
    "id", "practice_id", "patient_id", "cpt_code", "status", "auto_generated", "line_key", "version", "notes_enc",
)  # fmt: skip
_ENTRIES, _PERIODS = BillingEntry.metadata.tables["billing_entries"], BillingPeriod.metadata.tables["billing_periods"]
_ENTRY = Insert(_ENTRIES, (*_OF_A_NEW_LINE, *_OF_A_LINE))
_PERIOD = Insert(_PERIODS, ("id", "practice_id", "patient_id", "program", "starts_on", "ends_on"))


def own_lines(rows: Iterable[BillingEntry]) -> list[OwnLine]:
    """Return the engine's own lines, void ones too."""
    return [
        OwnLine(
            row.id, row.line_key, row.cpt_code, EntryStatus(row.status), row.units, row.amount, row.service_date,
            row.fingerprint or "", VoidCause(row.void_cause) if row.void_cause else None, _proof(row),
        )
        for row in rows
        if row.line_key is not None
    ]  # fmt: skip


def _proof(row: BillingEntry) -> Evidence:
    """Return what proved a line that went out; of others the fingerprint tells enough, and it is quicker."""
    is_out = row.status not in {EntryStatus.PENDING.value, EntryStatus.VOID.value}
    return read_evidence(row.evidence) if is_out else Evidence()


def carry_out(
    session: Session, practice_id: UUID, patient_id: UUID, plan: Plan, rows: dict[UUID, BillingEntry]
) -> None:
    """Write one patient's plan; `rows` are the lines it speaks of."""
    for answer in plan.enter:
        _enter(session, practice_id, patient_id, answer)
    for line, answer in plan.refresh:
        _write(rows[line.id], answer)
    for line, answer in plan.reinstate:
        _write(rows[line.id], answer)
        move(session, rows[line.id], EntryStatus.PENDING)
    for line, _ in plan.take_back:
        move(session, rows[line.id], EntryStatus.VOID, void_cause=VoidCause.ENGINE)


def move(
    session: Session,
    entry: BillingEntry,
    to: EntryStatus,
    *,
    by: int | None = None,
    note: str | None = None,
    void_cause: VoidCause | None = None,
) -> None:
    """Give a line another status and write that into its history; nobody as `by` is the engine."""
    change = BillingEntryChange(
        id=new_id(), practice_id=entry.practice_id, patient_id=entry.patient_id, entry_id=entry.id,
        from_status=entry.status, to_status=to.value, changed_by=by,
    )  # fmt: skip
    change.note = note
    entry.status, entry.void_cause = to.value, void_cause.value if void_cause else None
    session.add(change)


def store_periods(session: Session, practice_id: UUID, patient_id: UUID, periods: Iterable[Period]) -> None:
    """Store periods that are new."""
    for period in periods:
        values = {
            "id": period.id, "practice_id": practice_id, "patient_id": patient_id, "program": period.program.value,
            "starts_on": period.window.starts_on, "ends_on": period.window.ends_on,
        }  # fmt: skip
        send_later(session, (_PERIOD, values))
        events.record(
            session, "billing_period:create", "billing_period", resource_id=period.id, patient_id=patient_id
        )  # fmt: skip


def raise_impacts(session: Session, practice_id: UUID, found: list[tuple[UUID, Impact]]) -> int:
    """Store impacts, each once, in one statement; return how many were new."""
    if not found:
        return 0
    values = [_impact_values(practice_id, patient_id, impact) for patient_id, impact in found]
    new = insert(BillingImpact).values(values).on_conflict_do_nothing(
        index_elements=["practice_id", "entry_id", "fingerprint"]
    )  # fmt: skip
    rows = session.execute(
        new.returning(BillingImpact.id, BillingImpact.patient_id), execution_options={"recorded": True}
    ).all()
    for impact_id, patient_id in rows:
        events.record(
            session, "billing_impact:create", "billing_impact", resource_id=impact_id, patient_id=patient_id
        )  # fmt: skip
    return len(rows)


def engine_rows(session: Session, practice_id: UUID, patient_ids: Iterable[UUID]) -> dict[UUID, list[BillingEntry]]:
    """Return each patient's lines of the engine's own, locked against a person who changes one meanwhile."""
    rows = session.scalars(
        select(BillingEntry)
        .where(
            BillingEntry.practice_id == practice_id,
            BillingEntry.patient_id.in_(patient_ids),
            BillingEntry.line_key.is_not(None),
        )
        .order_by(BillingEntry.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[BillingEntry]] = {}
    for row in rows:
        found.setdefault(row.patient_id, []).append(row)
    return found


def _enter(session: Session, practice_id: UUID, patient_id: UUID, answer: Answer) -> None:
    entry_id = new_id()
    new = {
        "id": entry_id, "practice_id": practice_id, "patient_id": patient_id, "cpt_code": answer.code,
        "status": EntryStatus.PENDING.value, "auto_generated": True, "line_key": answer.line_key, "version": 1,
        "notes_enc": encrypt(practice_id, place(_ENTRIES.name, "notes_enc", entry_id, practice_id), b""),
    }  # fmt: skip
    send_later(session, (_ENTRY, {**new, **_values(answer)}))
    events.record(session, "billing_entry:create", "billing_entry", resource_id=entry_id, patient_id=patient_id)


def _write(entry: BillingEntry, answer: Answer) -> None:
    for name, value in _values(answer).items():
        setattr(entry, name, value)


def _values(answer: Answer) -> dict[str, Any]:
    evidence = answer.evidence.as_json()
    return {
        "service_date": answer.service_date, "amount": answer.amount, "units": answer.units, "payer": answer.payer,
        "icd10_codes": list(answer.diagnoses), "seconds": answer.seconds or None,
        "duration_minutes": answer.seconds // _MINUTE or None,
        "period_start": answer.window.starts_on, "period_end": answer.window.ends_on, "service_month": _month(answer),
        "episode_id": answer.episode_id, "evidence": evidence, "rule_set_id": answer.rule_set_id,
        "rule_set_hash": answer.rule_set_hash, "fingerprint": fingerprint(answer, evidence),
    }  # fmt: skip


def _month(answer: Answer) -> date | None:
    return answer.window.starts_on if answer.clock is Clock.MONTH else None


def _impact_values(practice_id: UUID, patient_id: UUID, impact: Impact) -> dict[str, Any]:
    return {
        "id": new_id(), "practice_id": practice_id, "patient_id": patient_id, "entry_id": impact.entry_id,
        "kind": impact.kind.value, "before": dict(impact.before), "after": dict(impact.after), "version": 1,
        "suggestion": impact.suggestion, "fingerprint": impact.fingerprint,
    }  # fmt: skip

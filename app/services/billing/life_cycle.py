"""A line's way: pending, submitted, paid or denied, appealed, or void; each step leaves a line of history."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.clocks import bounds
from app.domain.billing.double_count import Conflict as Clash
from app.domain.billing.double_count import line_conflicts
from app.domain.billing.entries import EntryStatus, may_move
from app.domain.billing.facts import Circumstance, PriorEntry, TimeEntry
from app.domain.billing.reconcile import VoidCause
from app.domain.billing.rules import CodeRule
from app.domain.errors import BillingConflict, EntryMoveNotAllowed
from app.models import BillingCircumstance, BillingEntry, BillingEntryChange, Patient
from app.services.billing.books import load_book
from app.services.billing.circumstances import circumstance_fact
from app.services.billing.entries import LedgerLine, find_line
from app.services.billing.facts import prior_entry
from app.services.billing.ledger import move
from app.services.billing.time_facts import load_time_entries
from app.services.enrolment.checks import require_version
from app.services.transaction import transaction


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """A line with its history and with what it clashes with."""

    entry: BillingEntry
    patient: Patient
    history: list[BillingEntryChange]
    conflicts: tuple[Clash, ...]


def get_entry(actor: Actor, entry_id: UUID) -> EntryDetail:
    """Return one line; raises NotFound."""
    with transaction() as session:
        line = find_line(session, actor, entry_id)
        entry = line.entry
        events.record(
            session, "billing_entry:read", "billing_entry", resource_id=entry.id, patient_id=entry.patient_id
        )  # fmt: skip
        return _detail(session, actor, line)


def submit_entry(actor: Actor, entry_id: UUID, override_reason: str | None, version: int | None) -> EntryDetail:
    """Send a line out; raises BillingConflict for one that may not stand, unless a reason overrides it."""
    with transaction() as session:
        line = _locked(session, actor, entry_id, version, EntryStatus.SUBMITTED)
        hard = [one for one in _conflicts(session, actor, line) if one.is_hard]
        if hard and not override_reason:
            raise BillingConflict(" ".join(_words(one) for one in hard))
        move(session, line.entry, EntryStatus.SUBMITTED, by=actor.user_id, note=override_reason)
        session.flush()
        return _detail(session, actor, line)


def move_entry(actor: Actor, entry_id: UUID, to: EntryStatus, note: str | None, version: int | None) -> EntryDetail:
    """Give a line the status that the payer, or a person, decided; raises EntryMoveNotAllowed where none leads."""
    with transaction() as session:
        line = _locked(session, actor, entry_id, version, to)
        cause = VoidCause.PERSON if to is EntryStatus.VOID else None
        move(session, line.entry, to, by=actor.user_id, note=note, void_cause=cause)
        session.flush()
        return _detail(session, actor, line)


def _locked(session: Session, actor: Actor, entry_id: UUID, version: int | None, to: EntryStatus) -> LedgerLine:
    line = find_line(session, actor, entry_id, lock=True)
    require_version(line.entry, version)
    if not may_move(EntryStatus(line.entry.status), to):
        raise EntryMoveNotAllowed(f"A line that is {line.entry.status} cannot become {to.value}.")
    return line


def _detail(session: Session, actor: Actor, line: LedgerLine) -> EntryDetail:
    mine = (BillingEntryChange.practice_id == actor.practice_id, BillingEntryChange.entry_id == line.entry.id)
    history = session.scalars(
        select(BillingEntryChange).where(*mine).order_by(BillingEntryChange.changed_at, BillingEntryChange.id)
    )
    return EntryDetail(line.entry, line.patient, list(history), _conflicts(session, actor, line))


def _conflicts(session: Session, actor: Actor, found: LedgerLine) -> tuple[Clash, ...]:
    entry, book = found.entry, load_book(session, actor.practice_id)
    if entry.status == EntryStatus.VOID.value:
        return ()
    line = prior_entry(entry)
    rule = book.rules.rule(line.code, line.service_date)
    settings = book.policies.on(line.service_date, entry.payer)
    return line_conflicts(
        line, _ledger(session, entry), book.rules, settings,
        circumstances=_circumstances(session, entry),
        contacts=_time(session, found, line, rule) if rule and rule.credentials else None,
    )  # fmt: skip


def _ledger(session: Session, entry: BillingEntry) -> list[PriorEntry]:
    standing = select(BillingEntry).where(
        BillingEntry.practice_id == entry.practice_id,
        BillingEntry.patient_id == entry.patient_id,
        BillingEntry.status != EntryStatus.VOID.value,
    )
    return [prior_entry(row) for row in session.scalars(standing.order_by(BillingEntry.id))]


def _circumstances(session: Session, entry: BillingEntry) -> list[Circumstance]:
    standing = select(BillingCircumstance).where(
        BillingCircumstance.practice_id == entry.practice_id,
        BillingCircumstance.patient_id == entry.patient_id,
        BillingCircumstance.voided_at.is_(None),
    )
    return [circumstance_fact(row) for row in session.scalars(standing)]


def _time(session: Session, found: LedgerLine, line: PriorEntry, rule: CodeRule) -> list[TimeEntry]:
    """Return the patient's entries that began in the line's month or period, where the patient lives."""
    entry, (since, until) = found.entry, bounds(line.time_of(rule.clock), found.patient.timezone)
    loaded = load_time_entries(session, entry.practice_id, [entry.patient_id], since, until)
    return [one for one in loaded.get(entry.patient_id, ()) if one.started_at >= since]


def _words(clash: Clash) -> str:
    return f"{clash.rule.value}: {clash.detail} ({', '.join(str(one) for one in clash.ids)})"

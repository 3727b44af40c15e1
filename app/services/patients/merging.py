"""Merging two records of one person: everything of the duplicate goes to the survivor, the duplicate stays archived."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import Conflict, NotFound, PatientMerged, ValidationFailed
from app.domain.merging import MergeReport, MergeRequest
from app.models import Alert, Base, Patient, PatientMerge
from app.models.base import Audited, new_id
from app.services.patients import merged_summaries
from app.services.patients.merge_moves import Merging, left_behind, move, pull_back
from app.services.patients.merge_plan import references, ties
from app.services.patients.records import note_status_change
from app.services.transaction import now, transaction

_AUDIT_TYPES = {
    mapper.local_table.name: mapper.class_.audit_type  # type: ignore[attr-defined]
    for mapper in Base.registry.mappers
    if issubclass(mapper.class_, Audited)
}


def merge_patients(actor: Actor, survivor_id: UUID, request: MergeRequest) -> MergeReport:
    """Merge a duplicate into a record; the same merge a second time changes nothing and answers the same.

    Raises NotFound, ValidationFailed for a duplicate that is none, PatientMerged when either went into another record,
    Conflict when the survivor is archived.
    """
    if request.duplicate_id == survivor_id:
        raise ValidationFailed({"duplicate_id": ["Must be another record."]})
    at = now()
    with transaction() as session:
        survivor, duplicate = _locked(session, actor, survivor_id, request.duplicate_id)
        done = session.scalar(
            select(PatientMerge).where(
                PatientMerge.practice_id == actor.practice_id, PatientMerge.duplicate_id == duplicate.id
            )
        )
        if done is not None and done.survivor_id == survivor_id:
            return _report(done)
        _require_mergeable(survivor, duplicate)
        merge = _move_everything(session, actor, survivor, duplicate, at)
        _close(session, actor, survivor, duplicate, request.reason, at)
        session.add(merge)
        session.flush()
        return _report(merge)


def _locked(session: Session, actor: Actor, survivor_id: UUID, duplicate_id: UUID) -> tuple[Patient, Patient]:
    """Lock both records in the order of their ids, so that two merges crosswise wait for one another and do not block.

    FOR NO KEY UPDATE lets a reading that is just being stored finish; the lock of the summaries then waits for it.
    """
    both = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.id.in_([survivor_id, duplicate_id]))
    locked = session.scalars(
        both.order_by(Patient.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    found = {patient.id: patient for patient in locked}
    if survivor_id not in found:
        raise NotFound
    if duplicate_id not in found:
        raise ValidationFailed({"duplicate_id": ["No such patient."]})
    return found[survivor_id], found[duplicate_id]


def _require_mergeable(survivor: Patient, duplicate: Patient) -> None:
    if survivor.merged_into is not None or duplicate.merged_into is not None:
        raise PatientMerged
    if not survivor.is_active:
        raise Conflict("The record to keep is archived: bring it back first.")


def _move_everything(
    session: Session, actor: Actor, survivor: Patient, duplicate: Patient, at: datetime
) -> PatientMerge:
    merging = Merging(actor.practice_id, survivor.id, duplicate.id)
    moved: dict[str, list[str]] = {}
    left: dict[str, list[str]] = {}
    summaries = merged_summaries.locked(session, merging)
    _lock_alerts(session, merging)
    with _tied_together(session, merging):
        gone = [(reference, move(session, merging, reference)) for reference in references()]
    for reference, keys in gone:
        stayed = left_behind(session, merging, reference)
        if keys or stayed:
            moved[reference.name] = moved.get(reference.name, []) + sorted(keys - stayed)
            left[reference.name] = left.get(reference.name, []) + sorted(stayed)
            _record_move(session, merging, reference.name, len(keys - stayed), len(stayed))
    merged_summaries.recompute(session, merging, summaries, at)
    return PatientMerge(
        id=new_id(), practice_id=actor.practice_id, survivor_id=survivor.id, duplicate_id=duplicate.id,
        merged_by=actor.user_id, merged_at=at, moved=moved, left=left,
    )  # fmt: skip


@contextmanager
def _tied_together(session: Session, merging: Merging) -> Iterator[None]:
    """Let parents and children of one patient move one after the other; what cannot go together comes back."""
    tied = ties()
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    if tied:
        session.execute(text(f"SET CONSTRAINTS {', '.join(tie.name for tie in tied)} DEFERRED"))
    yield
    pull_back(session, merging, tied)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def _lock_alerts(session: Session, merging: Merging) -> None:
    """Take the locks in the order in which readings and acknowledging take them: the summary, then the alerts."""
    both = Alert.patient_id.in_([merging.survivor_id, merging.duplicate_id])
    session.execute(
        select(Alert.id).where(Alert.practice_id == merging.practice_id, both).order_by(Alert.id).with_for_update()
    )


def _record_move(session: Session, merging: Merging, table: str, moved: int, left: int) -> None:
    kind = _AUDIT_TYPES.get(table, table)
    events.record(
        session, f"{kind}:repoint", kind, patient_id=merging.survivor_id,
        subject_ids=[merging.survivor_id, merging.duplicate_id],
        reason=f"merge of {merging.duplicate_id}: {moved} moved, {left} left",
    )  # fmt: skip


def _close(session: Session, actor: Actor, survivor: Patient, duplicate: Patient, reason: str, at: datetime) -> None:
    """Archive the duplicate for good, and let the survivor have its diagnoses; whoever points at it points on."""
    duplicate.is_active, duplicate.archived_at = False, duplicate.archived_at or at
    duplicate.archive_reason, duplicate.merged_into = reason, survivor.id
    survivor.conditions = list(dict.fromkeys([*survivor.conditions, *duplicate.conditions]))
    survivor.updated_at = at
    earlier = select(Patient).where(Patient.practice_id == actor.practice_id, Patient.merged_into == duplicate.id)
    for patient in session.scalars(earlier):
        patient.merged_into = survivor.id
    note_status_change(session, actor, duplicate, "merged", reason)
    note_status_change(session, actor, survivor, "absorbed", reason)
    events.record(
        session, "patient:merge", "patient", resource_id=duplicate.id, patient_id=survivor.id,
        subject_ids=[survivor.id, duplicate.id],
    )  # fmt: skip


def _report(merge: PatientMerge) -> MergeReport:
    return MergeReport(
        patient_id=merge.survivor_id, duplicate_id=merge.duplicate_id, merged_by=merge.merged_by,
        merged_at=merge.merged_at,
        moved={table: len(rows) for table, rows in merge.moved.items()},
        left={table: len(rows) for table, rows in merge.left.items()},
    )  # fmt: skip

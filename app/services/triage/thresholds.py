"""Seeing, setting and confirming the thresholds of a practice and of a patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, StaleVersion
from app.domain.triage.decisions import DecisionKind
from app.domain.triage.effective import EffectiveValue, ThresholdSet, check, effective_values
from app.domain.triage.proposals import NewThresholds
from app.domain.triage.rules import Modifiers
from app.models import Patient, PatientThresholds, PracticeThresholds
from app.models.base import new_id
from app.services.patients.records import find_visible, visible_to
from app.services.transaction import now, transaction
from app.services.triage.decisions import About, note_decision
from app.services.triage.scores import rescore_patient
from app.services.triage.versions import keep_version, set_of, write_set


@dataclass(frozen=True, slots=True)
class ShownThresholds:
    """The values in force for a practice or a patient, each with who set it, and what its warnings wait for."""

    patient_id: UUID | None
    version: int
    threshold_version: str
    values: Sequence[EffectiveValue]
    own: ThresholdSet
    modifiers: Mapping[str, Modifiers]
    updated_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: int | None = None

    @property
    def flat(self) -> dict[str, Decimal | None]:
        """The values by name."""
        return {one.name: one.value for one in self.values}


def get_practice_thresholds(actor: Actor) -> ShownThresholds:
    """Return the practice's defaults."""
    with transaction() as session:
        row = _practice(session, actor.practice_id)
        events.record(session, "practice_thresholds:read", "practice_thresholds", resource_id=actor.practice_id)
        return _shown_practice(row)


def change_practice_thresholds(actor: Actor, new: NewThresholds, version: int | None) -> ShownThresholds:
    """Set the practice's defaults: a name left out goes back to the built-in default, null switches a rule off.

    Raises ValidationFailed, or StaleVersion. Patients are scored anew by the periodic job.
    """
    with transaction() as session:
        row = _practice(session, actor.practice_id, lock=True)
        _require(row.version, version)
        check(new.own, effective_values(new.own))
        write_set(row, new.own)
        row.updated_at = now()
        session.flush()
        keep_version(session, row, row.version, actor, new.reason)
        note_decision(
            session, About(actor.practice_id, None, actor.practice_id), DecisionKind.THRESHOLDS_CHANGED, now(),
            user_id=actor.user_id, note=new.reason, version=row.version,
        )  # fmt: skip
        return _shown_practice(row)


def get_patient_thresholds(actor: Actor, patient_id: UUID) -> ShownThresholds:
    """Return the values in force for a visible patient; raises NotFound."""
    with transaction() as session:
        find_visible(session, actor, patient_id)
        events.record(
            session, "patient_thresholds:read", "patient_thresholds", resource_id=patient_id, patient_id=patient_id
        )
        return _shown_patient(session, actor.practice_id, patient_id)


def change_patient_thresholds(
    actor: Actor, patient_id: UUID, new: NewThresholds, version: int | None
) -> ShownThresholds:
    """Set a patient's overrides and profiles: a name left out follows profile and practice, null switches a rule off.

    Whoever sets them confirms them. Raises NotFound, ValidationFailed or StaleVersion.
    """
    with transaction() as session:
        row = _locked(session, actor, patient_id, version)
        check(new.own, effective_values(set_of(_practice(session, actor.practice_id)), new.own))
        write_set(row, new.own)
        return _confirmed(session, actor, row, DecisionKind.THRESHOLDS_CHANGED, new.reason)


def confirm_patient_thresholds(
    actor: Actor, patient_id: UUID, reason: str | None, version: int | None
) -> ShownThresholds:
    """Note that a clinician looked at the values in force for a patient and finds them right."""
    with transaction() as session:
        row = _locked(session, actor, patient_id, version)
        return _confirmed(session, actor, row, DecisionKind.THRESHOLDS_CONFIRMED, reason)


def _confirmed(
    session: Session, actor: Actor, row: PatientThresholds, kind: DecisionKind, reason: str | None
) -> ShownThresholds:
    at = row.confirmed_at = now()
    row.confirmed_by = actor.user_id
    if row not in session:
        session.add(row)
    session.flush()
    keep_version(session, row, row.version, actor, reason)
    about = About(actor.practice_id, row.patient_id, row.id)
    note_decision(session, about, kind, at, user_id=actor.user_id, note=reason, version=row.version)
    session.flush()
    rescore_patient(session, actor.practice_id, row.patient_id)
    return _shown_patient(session, actor.practice_id, row.patient_id)


def _locked(session: Session, actor: Actor, patient_id: UUID, version: int | None) -> PatientThresholds:
    """Return the patient's row, or a new one; the patient is locked, so that two writers never both make one."""
    if session.scalar(visible_to(actor).where(Patient.id == patient_id).with_for_update(key_share=True)) is None:
        raise NotFound
    row = _patient(session, actor.practice_id, patient_id)
    _require(row.version if row else 0, version)
    return row or PatientThresholds(
        id=new_id(), practice_id=actor.practice_id, patient_id=patient_id, limits={}, modifiers={}, profiles=[],
        looks_back=False,
    )  # fmt: skip


def _practice(session: Session, practice_id: UUID, *, lock: bool = False) -> PracticeThresholds:
    return session.get_one(PracticeThresholds, practice_id, with_for_update=lock or None, populate_existing=lock)


def _patient(session: Session, practice_id: UUID, patient_id: UUID) -> PatientThresholds | None:
    return session.scalar(
        select(PatientThresholds).where(
            PatientThresholds.practice_id == practice_id, PatientThresholds.patient_id == patient_id
        )
    )


def _require(current: int, version: int | None) -> None:
    if version is not None and version != current:
        raise StaleVersion


def _shown_practice(row: PracticeThresholds) -> ShownThresholds:
    own = set_of(row)
    return ShownThresholds(
        patient_id=None,
        version=row.version,
        threshold_version=f"{row.version}.0",
        values=effective_values(own),
        own=own,
        modifiers=own.modifiers,
        updated_at=row.updated_at,
    )


def _shown_patient(session: Session, practice_id: UUID, patient_id: UUID) -> ShownThresholds:
    practice, row = _practice(session, practice_id), _patient(session, practice_id, patient_id)
    defaults, own = set_of(practice), set_of(row)
    return ShownThresholds(
        patient_id=patient_id,
        version=row.version if row else 0,
        threshold_version=f"{practice.version}.{row.version if row else 0}",
        values=effective_values(defaults, own),
        own=own,
        modifiers={**defaults.modifiers, **own.modifiers},
        updated_at=row.updated_at if row else None,
        confirmed_at=row.confirmed_at if row else None,
        confirmed_by=row.confirmed_by if row else None,
    )

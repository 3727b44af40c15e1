"""Versions of thresholds: each change is kept whole, with who, when and why, and none is ever changed."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.paging import Page, PageRequest
from app.domain.triage.effective import NOTHING_SET, ThresholdSet, effective_rules
from app.domain.triage.parameters import PARAMETERS, default_of
from app.domain.triage.threshold_record import read_set, write_modifiers
from app.models import PatientThresholds, PracticeThresholds, ThresholdVersion, User
from app.models.base import new_id
from app.services.patients.records import find_visible
from app.services.transaction import transaction
from app.services.triage.rules import Rules

Row = PracticeThresholds | PatientThresholds


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version with the name of who made it; None: as the practice was founded."""

    row: ThresholdVersion
    changed_by_name: str | None


def found_thresholds(session: Session, practice_id: UUID) -> None:
    """Give a new practice the defaults as its first version."""
    row = PracticeThresholds(practice_id=practice_id, version=1)
    write_set(row, ThresholdSet({name: default_of(name) for name in PARAMETERS}))
    session.add(row)
    keep_version(session, row, 1, None, None)


def set_of(row: Row | ThresholdVersion | None) -> ThresholdSet:
    """Return what a stored row sets; no row sets nothing."""
    if row is None:
        return NOTHING_SET
    return read_set(row.limits, row.modifiers, getattr(row, "profiles", ()))


def write_set(row: Row, own: ThresholdSet) -> None:
    """Put a set into its row."""
    row.limits = dict(own.values)
    row.modifiers = {prefix: write_modifiers(one) for prefix, one in own.modifiers.items()}
    row.looks_back = effective_rules(own if isinstance(row, PracticeThresholds) else NOTHING_SET, own).looks_back
    if isinstance(row, PatientThresholds):
        row.profiles = [profile.value for profile in own.profiles]


def keep_version(session: Session, row: Row, number: int, actor: Actor | None, reason: str | None) -> None:
    """Keep what a row says now as one of its versions."""
    version = ThresholdVersion(
        id=new_id(),
        practice_id=row.practice_id,
        number=number,
        limits=row.limits,
        modifiers=row.modifiers,
        profiles=[],
        is_confirmed=False,
        changed_by=actor.user_id if actor else None,
    )
    if isinstance(row, PatientThresholds):
        version.patient_id, version.profiles = row.patient_id, row.profiles
        version.is_confirmed = row.confirmed_at is not None
    version.reason = reason
    session.add(version)


def list_versions(actor: Actor, patient_id: UUID | None, paging: PageRequest) -> Page[ShownVersion]:
    """Return one page of the versions of the practice's or of a visible patient's thresholds, newest first."""
    with transaction() as session:
        if patient_id is not None:
            find_visible(session, actor, patient_id)
        mine = ThresholdVersion.practice_id == actor.practice_id, ThresholdVersion.patient_id == patient_id
        count = session.scalar(select(func.count()).select_from(ThresholdVersion).where(*mine)) or 0
        by = (User.practice_id == ThresholdVersion.practice_id) & (User.id == ThresholdVersion.changed_by)
        newest_first = (
            select(ThresholdVersion, User)
            .outerjoin(User, by)
            .where(*mine)
            .order_by(ThresholdVersion.number.desc())
            .offset(paging.offset)
            .limit(paging.page_size)
        )
        shown = [_shown(row.ThresholdVersion, row.User) for row in session.execute(newest_first)]
        events.record(session, "threshold_version:list", "threshold_version", patient_id=patient_id)
        return Page(shown, count, paging)


def rules_of_version(session: Session, practice_id: UUID, patient_id: UUID, version: str) -> Rules | None:
    """Return the rules that were in force under a version such as `3.2`; None when one of the two is not on record."""
    of_practice, of_patient = (int(number) for number in version.split("."))
    practice = _find(session, practice_id, None, of_practice)
    patient = _find(session, practice_id, patient_id, of_patient)
    if (practice is None and of_practice) or (patient is None and of_patient):
        return None
    return Rules(effective_rules(set_of(practice), set_of(patient)), version)


def _find(session: Session, practice_id: UUID, patient_id: UUID | None, number: int) -> ThresholdVersion | None:
    return session.scalar(
        select(ThresholdVersion).where(
            ThresholdVersion.practice_id == practice_id,
            ThresholdVersion.patient_id == patient_id,
            ThresholdVersion.number == number,
        )
    )


def _shown(row: ThresholdVersion, changed_by: User | None) -> ShownVersion:
    return ShownVersion(row, f"{changed_by.first_name} {changed_by.last_name}" if changed_by else None)

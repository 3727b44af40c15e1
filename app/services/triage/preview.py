"""The dry run of thresholds: what would have been raised over the last days, beside what is. It writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.triage.effective import ThresholdSet, check, effective_rules, effective_values
from app.domain.triage.parameters import LONGEST_WINDOW
from app.domain.triage.proposals import PreviewRequest
from app.domain.triage.replay import Replayed, Tally, days_between, difference, replay
from app.domain.triage.rules import RuleBook
from app.domain.triage.windows import Sample
from app.models import Alert, Patient, PatientThresholds, Practice, PracticeThresholds
from app.services.patients.named import find_named
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction
from app.services.triage.history import MEASURES, READINGS
from app.services.triage.versions import set_of

_SHOWN = 100  # alerts and patients that are told one by one; the counts are of all


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many alerts one day of the practice had or would have had."""

    day: date
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class PatientCount:
    """How many alerts of one patient."""

    patient_id: UUID
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert that would vanish or appear; `alert_id` where it was really raised."""

    patient_id: UUID
    alert: Replayed
    alert_id: UUID | None


@dataclass(slots=True)
class Preview:
    """Old and new side by side: by day, by patient, alert by alert."""

    since: datetime
    until: datetime
    patients: int = 0
    readings: int = 0
    old: Tally = field(default_factory=Tally)
    new: Tally = field(default_factory=Tally)
    by_patient: list[PatientCount] = field(default_factory=list)
    vanishing: list[Moved] = field(default_factory=list)
    appearing: list[Moved] = field(default_factory=list)
    by_day: list[DayCount] = field(default_factory=list)
    real_alerts: int = 0
    vanishing_count: int = 0
    appearing_count: int = 0
    named: dict[UUID, Patient] = field(default_factory=dict)  # of the alerts that are told one by one

    @property
    def days(self) -> int:
        """How many times 24 hours were replayed; they touch one local day more."""
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True)
class _Subject:
    """A patient whose readings are replayed."""

    patient_id: UUID
    zone: ZoneInfo
    own: ThresholdSet
    first_at: datetime | None


def preview_thresholds(actor: Actor, request: PreviewRequest) -> Preview:
    """Replay the last days under the rules in force and under the proposed ones.

    Of a practice's proposal patients keep their own overrides. Raises NotFound for a patient who is not visible and
    ValidationFailed as saving would. Reads only.
    """
    until = now()
    with transaction() as session:
        if request.patient_id is not None:
            find_visible(session, actor, request.patient_id)
        practice = session.get_one(PracticeThresholds, actor.practice_id)
        zone = ZoneInfo(session.scalars(select(Practice.timezone).where(Practice.id == actor.practice_id)).one())
        preview = Preview(until - timedelta(days=request.days), until)
        _run(session, actor, request, set_of(practice), preview)
        _finish(preview, zone)
        told = {one.patient_id for one in (*preview.vanishing, *preview.appearing)}
        preview.named = find_named(session, actor.practice_id, told)
        shown = told | {one.patient_id for one in preview.by_patient}
        events.record(session, "thresholds:preview", "triage", patient_id=request.patient_id, subject_ids=shown)
        return preview


def _run(session: Session, actor: Actor, request: PreviewRequest, practice: ThresholdSet, preview: Preview) -> None:
    is_patients = request.patient_id is not None
    check(request.own, effective_values(practice, request.own) if is_patients else effective_values(request.own))
    raised = _real_alerts(session, actor, request.patient_id, preview.since)
    preview.real_alerts = len(raised)
    subjects = {one.patient_id: one for one in _subjects(session, actor, request.patient_id)}
    books = _Books(practice, request)
    for patient_id, samples in _readings(session, actor, request.patient_id, preview):
        if patient_id in subjects:
            _compare(preview, subjects[patient_id], samples, books, raised)


class _Books:
    """The rules now and then of each patient; most have nothing of their own and share one."""

    def __init__(self, practice: ThresholdSet, request: PreviewRequest) -> None:
        self._practice, self._request = practice, request
        self._shared = self._make(ThresholdSet())

    def of(self, subject: _Subject) -> tuple[RuleBook, RuleBook]:
        """Return the rules in force and the proposed ones."""
        return self._shared if subject.own == ThresholdSet() else self._make(subject.own)

    def _make(self, own: ThresholdSet) -> tuple[RuleBook, RuleBook]:
        old = effective_rules(self._practice, own)
        if self._request.patient_id is not None:
            return old, effective_rules(self._practice, self._request.own)
        return old, effective_rules(self._request.own, own)


def _compare(
    preview: Preview, subject: _Subject, samples: Sequence[Sample], books: _Books, raised: dict[str, UUID]
) -> None:
    before, after = (
        replay(samples, book, subject.zone, preview.since, preview.until, subject.first_at)
        for book in books.of(subject)
    )
    preview.patients += 1
    preview.readings += sum(sample.measured_at >= preview.since for sample in samples)
    preview.old.add(before, subject.zone)
    preview.new.add(after, subject.zone)
    if before or after:
        preview.by_patient.append(PatientCount(subject.patient_id, len(before), len(after)))
    moved = difference(before, after)
    preview.vanishing_count += len(moved.vanishing)
    preview.appearing_count += len(moved.appearing)
    preview.vanishing += _moved(subject, moved.vanishing, raised, preview.vanishing)
    preview.appearing += _moved(subject, moved.appearing, raised, preview.appearing)


def _moved(
    subject: _Subject, alerts: Iterable[Replayed], raised: dict[str, UUID], known: Sequence[Moved]
) -> list[Moved]:
    found = [Moved(subject.patient_id, alert, raised.get(alert.source_id)) for alert in alerts]
    return found[: max(_SHOWN - len(known), 0)]


def _finish(preview: Preview, zone: ZoneInfo) -> None:
    days = days_between(preview.since, preview.until, zone)
    preview.by_day = [DayCount(day, preview.old.by_day[day], preview.new.by_day[day]) for day in days]
    preview.by_patient.sort(key=lambda one: (-abs(one.new - one.old), -one.old, one.patient_id))
    del preview.by_patient[_SHOWN:]


def _subjects(session: Session, actor: Actor, patient_id: UUID | None) -> Iterator[_Subject]:
    own = PatientThresholds
    first = select(func.min(READINGS.c.measured_at)).where(
        READINGS.c.practice_id == Patient.practice_id, READINGS.c.patient_id == Patient.id, READINGS.c.status == "final"
    )
    rows = session.execute(
        select(Patient.id, Patient.timezone, own, first.scalar_subquery().label("first_at"))
        .outerjoin(own, (own.practice_id == Patient.practice_id) & (own.patient_id == Patient.id))
        .where(Patient.practice_id == actor.practice_id)
        .where(Patient.is_active.is_(True) if patient_id is None else Patient.id == patient_id)
    )
    for row in rows:
        yield _Subject(row.id, ZoneInfo(row.timezone), set_of(row.PatientThresholds), row.first_at)


def _readings(
    session: Session, actor: Actor, patient_id: UUID | None, preview: Preview
) -> Iterator[tuple[UUID, list[Sample]]]:
    """Return each patient's readings, oldest first, with those before the window that rules look back on."""
    table = READINGS.c
    rows = session.execute(
        select(table.patient_id, table.id, table.measured_at, *(table[name] for name in MEASURES))
        .where(
            table.practice_id == actor.practice_id,
            table.status == "final",
            table.measured_at > preview.since - LONGEST_WINDOW,
            table.measured_at <= preview.until,
            *_only(table.patient_id, patient_id),
        )
        .order_by(table.patient_id, table.measured_at, table.id)
    )
    for key, group in groupby(rows, key=lambda row: row[0]):
        yield key, [Sample(row[2], _values(row), str(row[1])) for row in group]


def _values(row: Any) -> dict[str, Any]:
    return {name: value for name, value in zip(MEASURES, row[3:], strict=True) if value is not None}


def _real_alerts(session: Session, actor: Actor, patient_id: UUID | None, since: datetime) -> dict[str, UUID]:
    """Return the alerts that were really raised on readings since then, by the reading."""
    rows = session.execute(
        select(Alert.observation_id, Alert.id).where(
            Alert.practice_id == actor.practice_id, Alert.measured_at >= since, *_only(Alert.patient_id, patient_id)
        )
    )
    return {str(reading): alert for reading, alert in rows}


def _only(column: Any, patient_id: UUID | None) -> list[Any]:
    return [] if patient_id is None else [column == patient_id]

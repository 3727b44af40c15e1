"""The local-day truth table of a patient: the readings from the database, the answer from the domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.billing.clocks import Window, bounds
from app.domain.billing.days import Custody, LocalDay, Reading, truth_table
from app.domain.days import local_day
from app.domain.devices.catalog import MODELS
from app.domain.enrolment.coverage import coverage_on
from app.domain.enrolment.programs import Program
from app.domain.errors import ValidationFailed
from app.domain.vitals.queries import DaysQuery
from app.models import Device, DeviceAssignment, DeviceIdentifier, Observation, Patient
from app.services.devices.holders import key_in_sql
from app.services.enrolment.checks import today_of
from app.services.enrolment.coverage import load_facts
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction

LONGEST_WINDOW = 366  # days
_PERIOD = timedelta(days=29)  # from the first to the last of 30 days


@dataclass(frozen=True, slots=True)
class PatientDays:
    """The table, and by which zone and program it was made."""

    patient_id: UUID
    timezone: str
    program: Program
    window: Window
    days: Sequence[LocalDay]

    @property
    def counted(self) -> int:
        """How many days count."""
        return sum(day.is_counted for day in self.days)


def get_days(actor: Actor, patient_id: UUID, query: DaysQuery) -> PatientDays:
    """Return each date of a window for a visible patient: counted or not, by which reading, which not and why.

    Raises NotFound, or ValidationFailed for a window that ends before it starts or is longer than 366 days.
    """
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        window, program = _window(query, patient), query.program
        facts = load_facts(session, actor.practice_id, [patient.id])[patient.id]
        readings = load_day_readings(session, patient, bounds(window, patient.timezone))
        table = truth_table(
            window, patient.timezone, readings, lambda day: coverage_on(program, day, facts), as_of=now()
        )
        events.record(session, "observation:days", "observation", patient_id=patient.id)
        return PatientDays(patient.id, patient.timezone, program, window, table)


def _window(query: DaysQuery, patient: Patient) -> Window:
    last = query.last or (query.first + _PERIOD if query.first else today_of(patient))
    first = query.first or last - _PERIOD
    if not 0 <= (last - first).days < LONGEST_WINDOW:
        raise ValidationFailed({"to": [f"Must lie 0 to {LONGEST_WINDOW - 1} days after `from`."]})
    return Window(first, last)


def load_day_readings(session: Session, patient: Patient, span: tuple[datetime, datetime]) -> list[Reading]:
    """Return a patient's readings of every status within two instants, with the custody of their devices; for billing.

    One statement, whatever their number.
    """
    held = and_(
        DeviceAssignment.practice_id == Device.practice_id,
        DeviceAssignment.device_id == Device.id,
        DeviceAssignment.patient_id == Observation.patient_id,
        DeviceAssignment.started_at <= Observation.measured_at,
        or_(DeviceAssignment.ended_at.is_(None), DeviceAssignment.ended_at > Observation.measured_at),
    )
    key = key_in_sql(Observation.device_id)
    rows = session.execute(
        select(Observation, Device.model_id, DeviceAssignment.id)
        .outerjoin(
            DeviceIdentifier,
            and_(DeviceIdentifier.practice_id == Observation.practice_id, DeviceIdentifier.key == key),
        )
        .outerjoin(
            Device,
            and_(Device.practice_id == DeviceIdentifier.practice_id, Device.id == DeviceIdentifier.device_id),
        )
        .outerjoin(DeviceAssignment, held)
        .where(
            Observation.practice_id == patient.practice_id,
            Observation.patient_id == patient.id,
            Observation.measured_at >= span[0],
            Observation.measured_at < span[1],
        )
    )
    return [_reading(row, model_id, assignment_id, patient.timezone) for row, model_id, assignment_id in rows]


def _reading(row: Observation, model_id: str | None, assignment_id: UUID | None, timezone: str) -> Reading:
    return Reading(
        id=row.id,
        measured_at=row.measured_at,
        day=local_day(row.measured_at, timezone),
        source=row.source,
        status=row.status,
        custody=_custody(row.device_id, model_id, assignment_id),
        is_medical_device=model_id in MODELS and MODELS[model_id].fda_device,
        device_id=row.device_id,
        assignment_id=assignment_id,
        received_at=row.created_at,
        zone_offset_minutes=row.zone_offset_minutes,
        offset_origin=row.offset_origin,
        observation_type=row.observation_type,
    )


def _custody(named: str | None, model_id: str | None, assignment_id: UUID | None) -> Custody:
    if not named:
        return Custody.NONE
    if model_id is None:
        return Custody.UNKNOWN
    return Custody.NOT_HELD if assignment_id is None else Custody.HELD

"""What tests of the billing ledger start from: a practice whose patients have papers, a device, data and time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, Work
from app.domain.enrolment.programs import ConsentMethod, Program
from app.domain.enrolment.records import NewConsent, NewEnrollment, NewOrder, OrderingProvider
from app.domain.roles import Role
from app.extensions import db
from app.models.observation import new_reading_id
from app.services.billing.time_entries import create_time_log
from app.services.enrolment.consents import record_consent
from app.services.enrolment.enrollments import enroll_patient
from app.services.enrolment.orders import record_order
from app.services.transaction import transaction
from tests.builders import Person, a_device, a_patient, a_practice, a_user, in_house

_READING = text(
    """
    INSERT INTO observations (practice_id, id, measured_at, patient_id, observation_type, weight_kg, device_id, source,
        is_stored_memory, is_estimated_time, natural_key, fhir_status, status)
    VALUES (:practice_id, :id, :measured_at, :patient_id, 'weight', 80, :device_id, :source, false, false,
        decode(md5(:natural), 'hex'), 'not_configured', :status)
    """
)


@dataclass(frozen=True)
class Monitored:
    """A patient in RPM with a device that they hold since the start."""

    provider: Person
    biller: Person
    patient_id: UUID
    serial: str
    starts_on: date

    def measures(self, *days: date, **fields: object) -> list[UUID]:
        """Take a reading at 15:00 UTC of each day."""
        made = []
        with in_house(self.provider.actor), transaction() as session:
            for day in days:
                moment = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
                values = {
                    "practice_id": self.provider.actor.practice_id, "id": new_reading_id(moment), "status": "final",
                    "measured_at": moment, "patient_id": self.patient_id, "device_id": self.serial, "source": "auto",
                    **fields,
                }  # fmt: skip
                session.execute(_READING, {**values, "natural": str(values["id"])})
                made.append(values["id"])
        return made

    def row(self, columns: str, table: str = "billing_entries") -> Row[Any]:
        """Return columns of the patient's one row in a table."""
        ask = text(f"SELECT {columns} FROM {table} WHERE patient_id = :id")
        with in_house(self.biller.actor):
            return db.session.execute(ask, {"id": self.patient_id}).one()

    def joins(self, program: Program, diagnoses: tuple[str, ...] = ("I10", "E11.9")) -> None:
        """Put the patient into another program as well, from the same day on."""
        actor, since = self.provider.actor, self.starts_on
        enrol = NewEnrollment(program, since, initiating_visit_on=since, diagnoses=diagnoses)
        with in_house(actor):
            record_consent(actor, self.patient_id, NewConsent(program, ConsentMethod.VERBAL, since, True, True))
            enroll_patient(actor, self.patient_id, enrol)

    def is_called(
        self, day: date, minutes: float, program: Program = Program.RPM, hour: int = 16, note: str = "Well."
    ) -> UUID:
        """Let the provider call for so many minutes from an hour (UTC) of a day on."""
        start = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        work = Work(program, Activity.PATIENT_CONTACT, Mode.PHONE, note=note)
        new = NewTimeLog(self.patient_id, work, start, start + timedelta(minutes=minutes))
        with in_house(self.provider.actor):
            return create_time_log(self.provider.actor, new).log.id

    def sends(self) -> None:
        """Submit the patient's lines behind everybody's back."""
        with in_house(self.biller.actor), transaction() as session:
            session.execute(
                text("UPDATE billing_entries SET status = 'submitted' WHERE patient_id = :id AND status = 'pending'"),
                {"id": self.patient_id},
            )

    def voids(self, reading_id: UUID) -> None:
        """Void a reading behind everybody's back."""
        with in_house(self.provider.actor), transaction() as session:
            session.execute(text("UPDATE observations SET status = 'void' WHERE id = :id"), {"id": reading_id})


def monitored(
    starts_on: date, practice_id: UUID | None = None, people: tuple[Person, Person] | None = None
) -> Monitored:
    """Put a patient into RPM on a day: consent, order, enrolment, a cuff that they hold."""
    practice = practice_id or a_practice()
    provider, biller = people or (a_user(practice), a_user(practice, Role.BILLING_MANAGER))
    patient = a_patient(provider.actor, provider_id=provider.actor.user_id, timezone="America/New_York")
    since = datetime(starts_on.year, starts_on.month, starts_on.day, tzinfo=UTC)
    device = a_device(provider.actor, patient.id, since)
    with in_house(provider.actor):
        actor, of = provider.actor, patient.id
        record_consent(actor, of, NewConsent(Program.RPM, ConsentMethod.VERBAL, starts_on, True, True))
        ordering = OrderingProvider(user_id=actor.user_id)
        order = NewOrder(
            Program.RPM, ordering, starts_on, starts_on, parameters=("blood_pressure",), diagnoses=("I10",)
        )
        record_order(actor, of, order)
        enroll_patient(
            actor, of, NewEnrollment(Program.RPM, starts_on, initiating_visit_on=starts_on, diagnoses=("I10",))
        )
    assert device.serial is not None
    return Monitored(provider, biller, patient.id, device.serial, starts_on)


def days_from(first: date, count: int) -> list[date]:
    """Return so many days in a row."""
    return [first + timedelta(days=number) for number in range(count)]


def closed_period() -> date:
    """Return the first day of a 30-day period that is over for two days wherever the patient is."""
    return datetime.now(UTC).date() - timedelta(days=32)


def ledger(of: Monitored) -> list[tuple[str, str, int]]:
    """Return the patient's lines: code, status, units."""
    ask = text(
        "SELECT cpt_code, status, units FROM billing_entries WHERE patient_id = :id ORDER BY cpt_code, status, units"
    )
    with in_house(of.biller.actor):
        return [tuple(row) for row in db.session.execute(ask, {"id": of.patient_id})]

"""Reading back what was measured."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.fhir.observation import BloodPressureFacts
from app.domain.roles import Role
from app.models import Observation, Patient, PracticeThresholds
from app.services.patients.records import find_visible
from app.services.readings.intake import thresholds_from
from app.services.transaction import transaction

HISTORY_LENGTH = 200


@dataclass(frozen=True, slots=True)
class VitalsHistory:
    """A patient's latest blood pressures, oldest first, and the limits they are judged by."""

    patient: Patient
    observations: list[Observation]
    thresholds: dict[str, float]


def get_observation_facts(actor: Actor, observation_id: UUID) -> BloodPressureFacts:
    """Return one visible reading with its patient's name, ready to be written as FHIR."""
    with transaction() as session:
        query = (
            select(Observation, Patient)
            .join(
                Patient,
                (Patient.practice_id == Observation.practice_id) & (Patient.id == Observation.patient_id),
            )
            .where(Observation.practice_id == actor.practice_id, Observation.id == observation_id)
        )
        if actor.role is Role.PATIENT:
            query = query.where(Observation.patient_id == actor.patient_id)
        row = session.execute(query).one_or_none()
        if row is None:
            raise NotFound
        observation, patient = row
        events.record(session, "observation:read", "observation", resource_id=observation.id, patient_id=patient.id)
        return _facts(observation, patient)


def get_vitals_history(actor: Actor, patient_id: UUID) -> VitalsHistory:
    """Return what the patient page draws: the last 200 readings and the practice's limits."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        latest = session.scalars(
            select(Observation)
            .where(
                Observation.practice_id == actor.practice_id,
                Observation.patient_id == patient.id,
                Observation.observation_type == "blood_pressure",
                Observation.status == "final",
            )
            .order_by(Observation.measured_at.desc())
            .limit(HISTORY_LENGTH)
        ).all()
        limits = session.scalar(
            select(PracticeThresholds.limits).where(PracticeThresholds.practice_id == actor.practice_id)
        )
        events.record(session, "observation:list", "observation", patient_id=patient.id)
        thresholds = {name: float(limit) for name, limit in thresholds_from(limits).items()}
        return VitalsHistory(patient, list(reversed(latest)), thresholds)


def _facts(observation: Observation, patient: Patient) -> BloodPressureFacts:
    return BloodPressureFacts(
        id=observation.id,
        version=1,  # a reading is never changed
        last_updated=observation.created_at,
        patient_id=patient.id,
        patient_display=f"{patient.first_name} {patient.last_name}",
        measured_at=observation.measured_at,
        status="final",
        systolic=observation.systolic,
        systolic_absent_reason=observation.systolic_absent_reason,
        diastolic=observation.diastolic,
        diastolic_absent_reason=observation.diastolic_absent_reason,
        pulse=observation.pulse,
        device_display=observation.device_id,
    )

"""Reading back what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound
from app.domain.fhir.observation import BloodPressureFacts, ReadingStatus
from app.domain.fhir.vitals import ReadingFacts, VitalFacts
from app.domain.triage.evaluation import limits_of
from app.domain.vitals.kinds import KINDS, ObservationType
from app.models import Observation, Patient
from app.services.patients.records import find_visible
from app.services.readings.found import find_reading
from app.services.transaction import transaction
from app.services.triage.rules import find_rules

HISTORY_LENGTH = 2_000
_RELEASED: dict[str, ReadingStatus] = {"final": "final", "void": "entered-in-error"}


@dataclass(frozen=True, slots=True)
class VitalsHistory:
    """A patient's readings, oldest first, and the limits they are judged by."""

    patient: Patient
    observations: list[Observation]
    thresholds: dict[str, float]


def get_observation_facts(actor: Actor, observation_id: UUID) -> ReadingFacts:
    """Return one visible reading with its patient's name, ready to be written as FHIR.

    Raises NotFound too for what waits in quarantine or was rejected: nobody has said that it is true, and a reader of
    FHIR that overlooks `preliminary` would take it for a finding.
    """
    with transaction() as session:
        observation = find_reading(session, actor, observation_id)
        if observation.status not in _RELEASED:
            raise NotFound
        patient = find_visible(session, actor, observation.patient_id)
        events.record(session, "observation:read", "observation", resource_id=observation.id, patient_id=patient.id)
        return _facts(observation, patient)


def get_vitals_history(actor: Actor, patient_id: UUID, since: datetime) -> VitalsHistory:
    """Return what the patient page draws: readings since an instant, at most the last 2,000, and limits.

    Those in quarantine too, as such; raises NotFound.
    """
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        latest = session.scalars(
            select(Observation)
            .where(
                Observation.practice_id == actor.practice_id,
                Observation.patient_id == patient.id,
                Observation.measured_at >= since,
                Observation.status.in_(("final", "quarantined")),
            )
            .order_by(Observation.measured_at.desc())
            .limit(HISTORY_LENGTH)
        ).all()
        events.record(session, "observation:list", "observation", patient_id=patient.id)
        thresholds = {name: float(limit) for name, limit in _limits_of(session, patient).items()}
        return VitalsHistory(patient, list(reversed(latest)), thresholds)


def _limits_of(session: Session, patient: Patient) -> Mapping[str, Decimal]:
    """Return the limits that a patient's readings are judged by."""
    return limits_of(find_rules(session, patient.practice_id, patient.id).book)


def _facts(observation: Observation, patient: Patient) -> ReadingFacts:
    kind = cast("ObservationType", observation.observation_type)
    about: dict[str, Any] = {
        "id": observation.id,
        "version": observation.version,
        "last_updated": observation.decided_at or observation.created_at,
        "patient_id": patient.id,
        "patient_display": f"{patient.first_name} {patient.last_name}",
        "measured_at": observation.measured_at,
        "status": _RELEASED[observation.status],
        "pulse": observation.pulse,
        "device_display": observation.device_id,
    }
    if kind == "blood_pressure":
        pressures = ("systolic", "systolic_absent_reason", "diastolic", "diastolic_absent_reason")
        return BloodPressureFacts(**about, **{name: getattr(observation, name) for name in pressures})
    (measure,) = KINDS[kind].required
    return VitalFacts(**about, observation_type=kind, value=getattr(observation, measure))

"""The rows that a reading leaves: itself, and the alert it raises. They are kept back, to travel with the COMMIT."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.database.many import Insert
from app.database.statements import send_later
from app.domain.actor import Actor
from app.domain.triage.assessment import Breach
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.reading import Reading, source_of
from app.models import Alert, Observation
from app.models.base import new_id
from app.models.observation import new_reading_id
from app.services.readings.facts import DeviceFacts, PatientFacts

_AS_THEY_CAME = (
    "observation_type", "measured_at", "device_id", "meal", "irregular_heartbeat", "posted_value", "posted_unit",
    "zone_offset_minutes", "offset_origin", "is_stored_memory", "is_estimated_time", "corrects_id", "inbox_id",
)  # fmt: skip
_UNSAID = dict.fromkeys((*MEASURES, "decided_at", "decided_by", "decision_reason_enc"))
_OBSERVATIONS, _ALERTS = (model.metadata.tables[model.__tablename__] for model in (Observation, Alert))
_STORE = Insert(_OBSERVATIONS, [column.name for column in _OBSERVATIONS.columns])
_RAISE = Insert(
    _ALERTS,
    (
        "id", "practice_id", "patient_id", "observation_id", "measured_at", "level", "rule", "message", "value",
        "threshold", "raised_at",
    ),
)  # fmt: skip


def store_reading(
    session: Session,
    actor: Actor,
    known: PatientFacts,
    device: DeviceFacts,
    reading: Reading,
    key: bytes,
    doubt: str | None,
    breaches: tuple[Breach, ...],
) -> Observation:
    """Write a reading down: final, or quarantined for the reason `doubt`."""
    values: dict[str, Any] = {
        **_UNSAID,
        **reading.values,
        "id": new_reading_id(reading.measured_at),
        "practice_id": actor.practice_id,
        "patient_id": known.summary.patient_id,
        "systolic_absent_reason": reading.absent_reasons.get("systolic"),
        "diastolic_absent_reason": reading.absent_reasons.get("diastolic"),
        **{name: getattr(reading, name) for name in _AS_THEY_CAME},
        "source": source_of(reading, sends_by_itself=device.sends_by_itself),
        "natural_key": key,
        "fhir_status": "pending" if known.has_emr else "not_configured",
        "alert_level": breaches[0].level.value if breaches else None,
        "status": "quarantined" if doubt else "final",
        "quarantine_reason": doubt,
        "created_at": known.stored_at,
        "created_by": actor.user_id,
    }
    send_later(session, (_STORE, values))
    return Observation(
        **{name: value for name, value in values.items() if value is not None}
    )  # what is not set is None


def raise_alert(
    session: Session, practice_id: UUID, patient_id: UUID, source: Observation, worst: Breach, at: datetime
) -> Alert:
    """Write down the alert of a reading's worst breach."""
    values: dict[str, Any] = {
        "id": new_id(),
        "practice_id": practice_id,
        "patient_id": patient_id,
        "observation_id": source.id,
        "measured_at": source.measured_at,
        "level": worst.level.value,
        "rule": worst.rule,
        "message": worst.message,
        "value": worst.value,
        "threshold": worst.limit,
        "raised_at": at,
    }
    send_later(session, (_RAISE, values))
    return Alert(**values)

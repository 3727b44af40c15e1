"""The row that a reading leaves. It is kept back, to travel with the COMMIT."""

from typing import Any

from sqlalchemy.orm import Session

from app.database.many import Insert
from app.database.statements import send_later
from app.domain.actor import Actor
from app.domain.triage.assessment import Breach
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.reading import Reading, source_of
from app.models import Observation
from app.models.observation import new_reading_id
from app.models.plain import plain
from app.services.readings.facts import DeviceFacts, PatientFacts

_AS_THEY_CAME = (
    "observation_type", "measured_at", "device_id", "meal", "irregular_heartbeat", "posted_value", "posted_unit",
    "zone_offset_minutes", "offset_origin", "is_stored_memory", "is_estimated_time", "corrects_id", "inbox_id",
)  # fmt: skip
_UNSAID = dict.fromkeys((*MEASURES, "decided_at", "decided_by", "decision_reason_enc"))
_OBSERVATIONS = Observation.metadata.tables["observations"]
_STORE = Insert(_OBSERVATIONS, [column.name for column in _OBSERVATIONS.columns])


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
        "created_by": actor.author_id,
    }
    send_later(session, (_STORE, values))
    return plain(Observation, values)

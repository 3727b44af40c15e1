"""Taking in a reading: stored once, judged, alerted and on the board, all in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.audit import events
from app.domain.actor import Actor
from app.domain.errors import NotFound, PatientArchived, ValidationFailed
from app.domain.roles import Role
from app.domain.triage.assessment import Breach, assess
from app.domain.triage.score import ALERT_WINDOW
from app.domain.triage.thresholds import DEFAULT_THRESHOLDS, AlertLevel
from app.domain.vitals import BloodPressure, is_from_the_future, natural_key
from app.models import Alert, EmrConnection, Observation, Patient, PracticeThresholds, TriageSummary
from app.models.base import new_id
from app.services import triage_summaries
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A stored reading, the alert it raised if any, and whether it is new or the first delivery's own."""

    observation: Observation
    alert: Alert | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What taking in a reading needs to know about the patient; the summary's row is locked."""

    summary: TriageSummary
    thresholds: Mapping[str, Decimal]
    has_emr: bool


def record_blood_pressure(
    actor: Actor, patient_id: UUID, reading: BloodPressure, received_at: datetime | None = None
) -> RecordedReading:
    """Store a blood pressure of a visible, active patient; a second delivery of the same reading returns the first.

    Raises NotFound, PatientArchived, or ValidationFailed for a time more than five minutes ahead.
    """
    at = received_at or now()
    if is_from_the_future(reading.measured_at, at):
        raise ValidationFailed({"measured_at": ["Must not lie more than 5 minutes in the future."]})
    with transaction() as session:
        known = _circumstances(session, actor, patient_id)
        breaches = assess(_measured(reading), known.thresholds)
        values = _columns(actor, known, patient_id, reading, breaches)
        stored, alert_counts = _store_once(session, values, at)
        if stored is None:
            return _first_delivery(session, actor, natural_key(patient_id, reading))
        alert = _raise_alert(session, stored, breaches, at)
        if alert:
            known.summary.unacknowledged_alerts += 1
            alert_counts[alert.level] += 1
        triage_summaries.take_in(known.summary, stored, reading, at)
        triage_summaries.rescore(session, known.summary, known.thresholds, alert_counts, at)
        return RecordedReading(stored, alert, is_new=True)


def _measured(reading: BloodPressure) -> dict[str, Decimal | None]:
    return {"systolic": reading.systolic, "diastolic": reading.diastolic, "pulse": reading.pulse}


def thresholds_from(limits: Mapping[str, object] | None) -> Mapping[str, Decimal]:
    """Return stored thresholds as numbers; a practice without its own has the defaults."""
    if limits is None:
        return DEFAULT_THRESHOLDS
    return {name: Decimal(str(limit)) for name, limit in limits.items() if limit is not None}


# Built once: at every reading, building these would cost more than running them.
_CIRCUMSTANCES = (
    select(
        TriageSummary,
        Patient.is_active,
        select(PracticeThresholds.limits)
        .where(PracticeThresholds.practice_id == bindparam("practice"))
        .scalar_subquery()
        .label("limits"),
        select(EmrConnection.is_active)
        .where(EmrConnection.practice_id == bindparam("practice"))
        .scalar_subquery()
        .label("emr"),
    )
    .join(Patient, (Patient.practice_id == TriageSummary.practice_id) & (Patient.id == TriageSummary.patient_id))
    .where(TriageSummary.practice_id == bindparam("practice"), TriageSummary.patient_id == bindparam("patient"))
    .with_for_update(of=TriageSummary)
    .execution_options(populate_existing=True)
)
_OBSERVATIONS = Observation.metadata.tables["observations"]
_STORE = (
    insert(_OBSERVATIONS)
    .on_conflict_do_nothing(index_elements=["practice_id", "natural_key"])
    .returning(
        _OBSERVATIONS.c.created_at,
        triage_summaries.alerts_since(
            bindparam("of_practice"), bindparam("of_patient"), AlertLevel.WARNING, bindparam("since")
        ),
        triage_summaries.alerts_since(
            bindparam("of_practice"), bindparam("of_patient"), AlertLevel.CRITICAL, bindparam("since")
        ),
    )
    .execution_options(recorded=True)
)


def _circumstances(session: Session, actor: Actor, patient_id: UUID) -> _Circumstances:
    if actor.role is Role.PATIENT and actor.patient_id != patient_id:
        raise NotFound
    asked = {"practice": actor.practice_id, "patient": patient_id}
    row = session.execute(_CIRCUMSTANCES, asked).one_or_none()
    if row is None:
        raise NotFound
    if not row.is_active:
        raise PatientArchived
    return _Circumstances(row.TriageSummary, thresholds_from(row.limits), bool(row.emr))


def _store_once(session: Session, values: dict[str, Any], at: datetime) -> tuple[Observation | None, dict[str, int]]:
    """Insert the reading and return it with the recent alerts by level; None when it was delivered before."""
    patient_id = values["patient_id"]
    counted = {"of_practice": values["practice_id"], "of_patient": patient_id, "since": at - ALERT_WINDOW}
    inserted = session.execute(_STORE, {**values, **counted}).one_or_none()
    if inserted is None:
        return None, {}
    created_at, warnings, criticals = inserted
    events.record(session, "observation:create", "observation", resource_id=values["id"], patient_id=patient_id)
    return Observation(**values, created_at=created_at), {"warning": warnings, "critical": criticals}


def _columns(
    actor: Actor, known: _Circumstances, patient_id: UUID, reading: BloodPressure, breaches: tuple[Breach, ...]
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "practice_id": actor.practice_id,
        "patient_id": patient_id,
        "observation_type": reading.observation_type,
        "systolic": reading.systolic,
        "diastolic": reading.diastolic,
        "pulse": reading.pulse,
        "systolic_absent_reason": reading.systolic_absent_reason,
        "diastolic_absent_reason": reading.diastolic_absent_reason,
        "device_id": reading.device_id,
        "measured_at": reading.measured_at,
        "natural_key": natural_key(patient_id, reading),
        "fhir_status": "pending" if known.has_emr else "not_configured",
        "alert_level": breaches[0].level.value if breaches else None,
        "created_by": actor.user_id,
    }


def _raise_alert(
    session: Session, observation: Observation, breaches: tuple[Breach, ...], at: datetime
) -> Alert | None:
    if not breaches:
        return None
    worst = breaches[0]
    alert = Alert(
        id=new_id(),
        practice_id=observation.practice_id,
        patient_id=observation.patient_id,
        observation_id=observation.id,
        level=worst.level.value,
        rule=worst.rule,
        message=worst.message,
        value=worst.value,
        threshold=worst.limit,
        raised_at=at,
    )
    session.add(alert)
    return alert


def _first_delivery(session: Session, actor: Actor, key: bytes) -> RecordedReading:
    query = (
        select(Observation, Alert)
        .outerjoin(Alert, (Alert.practice_id == Observation.practice_id) & (Alert.observation_id == Observation.id))
        .where(Observation.practice_id == actor.practice_id, Observation.natural_key == key)
    )
    observation, alert = session.execute(query).one()
    events.record(
        session, "observation:duplicate", "observation",
        resource_id=observation.id, patient_id=observation.patient_id,
    )  # fmt: skip
    return RecordedReading(observation, alert, is_new=False)

"""Taking in a reading: stored once, judged, alerted and on the board, all in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, bindparam, func, insert, select
from sqlalchemy.orm import Session

from app.audit import events
from app.database.statements import Statement, send, send_later
from app.domain.actor import Actor
from app.domain.devices.catalog import MODELS
from app.domain.devices.custody import may_claim
from app.domain.devices.identity import identifier_key
from app.domain.errors import DeviceNotHeld, NotFound, PatientArchived, ValidationFailed
from app.domain.roles import Role
from app.domain.triage.alert_flow import OpenAlert, finding_of
from app.domain.triage.alerts import RaisedAlert
from app.domain.triage.assessment import Breach
from app.domain.triage.evaluation import Evaluation, evaluate
from app.domain.triage.score import ALERT_WINDOW
from app.domain.triage.thresholds import AlertLevel
from app.domain.triage.windows import Sample
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.plausibility import Earlier, implausible
from app.domain.vitals.reading import Reading, is_from_the_future, natural_key, source_of
from app.models import AlertOccurrence, EmrConnection, Observation, Patient, TriageSummary
from app.models.observation import new_reading_id
from app.services.devices import holders
from app.services.transaction import now, transaction
from app.services.triage import alert_flow, history, summaries
from app.services.triage.rules import Rules, in_force, rules_from


@dataclass(frozen=True, slots=True)
class RecordedReading:
    """A stored reading, the alert it raised if any, and whether it is new or the first delivery's own."""

    observation: Observation
    alert: RaisedAlert | None
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What taking in a reading needs to know about the patient, whose summary's row is locked."""

    summary: TriageSummary
    rules: Rules
    history: list[Sample]
    timezone: str
    has_emr: bool
    recent_alerts: dict[str, int]
    open_alerts: list[OpenAlert]
    warning_minutes: int | None
    is_known: bool
    may_claim_device: bool
    sends_by_itself: bool
    stored_at: datetime


def record_reading(
    actor: Actor, patient_id: UUID, reading: Reading, received_at: datetime | None = None
) -> RecordedReading:
    """Store a reading of a visible, active patient; a second delivery of the same reading returns the first.

    One that cannot be true (`domain/vitals/plausibility.py`) is stored apart and waits for a clinician: it alerts
    nobody and counts for nothing. Raises NotFound, PatientArchived, DeviceNotHeld for a registered device that was
    somebody else's or nobody's when the reading was measured, or ValidationFailed for a time more than five minutes
    ahead.
    """
    at, key = received_at or now(), natural_key(patient_id, reading)
    if is_from_the_future(reading.measured_at, at):
        raise ValidationFailed({"measured_at": ["Must not lie more than 5 minutes in the future."]})
    with transaction() as session:
        known = _circumstances(session, actor, patient_id, reading, key, at)
        if known.is_known:
            return _first_delivery(session, actor, key, reading.measured_at)
        if not known.may_claim_device:
            raise DeviceNotHeld
        doubt = implausible(reading, lambda measure: _earlier(known.summary, reading, measure))
        found = None if doubt else _judge(known, reading)
        stored = _store(session, actor, known, patient_id, reading, found.raised if found else (), key, doubt)
        if found is None:
            return RecordedReading(stored, None, is_new=True)
        alert = _judge_alerts(session, known, stored, found, at)
        _put_on_board(session, known, stored, reading, at)
        return RecordedReading(stored, alert, is_new=True)


def _earlier(summary: TriageSummary, reading: Reading, measure: str) -> Earlier | None:
    latest = summary.latest_vitals.get(reading.observation_type)
    if latest is None or latest.get(measure) is None:
        return None
    return Earlier(Decimal(latest[measure]), datetime.fromisoformat(latest["measured_at"]))


def _put_on_board(session: Session, known: _Circumstances, stored: Observation, reading: Reading, at: datetime) -> None:
    summaries.take_in(known.summary, stored, reading, at)
    summaries.rescore(session, known.summary, known.rules, known.recent_alerts, at)
    summaries.keep(session, known.summary)


def _judge(known: _Circumstances, reading: Reading) -> Evaluation:
    """Return what the reading raises and clears, and remember it with the summary."""
    found = evaluate(
        Sample(reading.measured_at, reading.values),
        known.history,
        known.rules.book,
        summaries.remembered(known.summary),
        ZoneInfo(known.timezone),
    )
    known.summary.rule_state = found.state.as_dict()
    return found


_practice: BindParameter[UUID] = bindparam("practice")
_patient: BindParameter[UUID] = bindparam("patient")
_device: BindParameter[str] = bindparam("device")
_SUMMARIES, _OBSERVATIONS = (
    model.metadata.tables[name] for model, name in ((TriageSummary, "triage_summaries"), (Observation, "observations"))
)
# Every reading of a patient waits here for the one before it. So what is asked next, in a statement of its own that
# sees all that was committed meanwhile, still holds when the answer is used: above all whether the reading is known.
_LOCK = Statement(
    select(_SUMMARIES)
    .where(_SUMMARIES.c.practice_id == _practice, _SUMMARIES.c.patient_id == _patient)
    .with_for_update()
)
_FACTS = Statement(
    select(
        Patient.is_active,
        func.now().label("stored_at"),
        Patient.timezone,
        *in_force(_practice, _patient),
        history.earlier(_practice, _patient, bindparam("measured_at")).label("history"),
        select(EmrConnection.is_active)
        .where(EmrConnection.practice_id == _practice)
        .scalar_subquery()
        .label("has_emr"),
        select(_OBSERVATIONS.c.id)
        .where(
            _OBSERVATIONS.c.practice_id == _practice,
            _OBSERVATIONS.c.natural_key == bindparam("natural_key"),
            _OBSERVATIONS.c.measured_at == bindparam("measured_at"),
        )
        .exists()
        .label("is_known"),
        alert_flow.warning_minutes_of(_practice).label("warning_minutes"),
        holders.is_registered(_practice, _device).label("is_registered"),
        holders.holder(_practice, _device, bindparam("measured_at")).label("holder"),
        holders.model_of(_practice, _device).label("model_id"),
        *(
            summaries.alerts_since(_practice, _patient, level, bindparam("since")).label(level.value)
            for level in AlertLevel
        ),
    ).where(Patient.practice_id == _practice, Patient.id == _patient)
)
_STORE = Statement(insert(_OBSERVATIONS))
_AS_THEY_CAME = (
    "observation_type", "measured_at", "device_id", "meal", "irregular_heartbeat", "posted_value", "posted_unit",
    "zone_offset_minutes", "offset_origin", "is_stored_memory", "is_estimated_time", "corrects_id", "inbox_id",
)  # fmt: skip
_UNSAID = dict.fromkeys((*MEASURES, "decided_at", "decided_by", "decision_reason_enc"))


def _circumstances(
    session: Session, actor: Actor, patient_id: UUID, reading: Reading, key: bytes, at: datetime
) -> _Circumstances:
    if actor.role is Role.PATIENT and actor.patient_id != patient_id:
        raise NotFound
    of = {"practice": actor.practice_id, "patient": patient_id}
    asked = {**of, "natural_key": key, "since": at - ALERT_WINDOW}
    device = {"device": identifier_key(reading.device_id or ""), "measured_at": reading.measured_at}
    lines, facts, alerts = send(session, (_LOCK, of), (_FACTS, asked | device), (alert_flow.OPEN_ALERTS, of))
    if not facts:
        raise NotFound
    fact = facts[0]
    if not fact.is_active:
        raise PatientArchived
    return _Circumstances(
        summary=TriageSummary(**lines[0]._asdict()),
        rules=rules_from(fact),
        history=history.samples_from(fact.history),
        timezone=fact.timezone,
        has_emr=bool(fact.has_emr),
        recent_alerts={level.value: getattr(fact, level.value) for level in AlertLevel},
        open_alerts=alert_flow.open_alerts_from(alerts),
        warning_minutes=fact.warning_minutes,
        is_known=fact.is_known,
        may_claim_device=may_claim(patient_id, is_registered=fact.is_registered, holder=fact.holder),
        sends_by_itself=fact.holder == patient_id and fact.model_id in MODELS and MODELS[fact.model_id].auto_upload,
        stored_at=fact.stored_at,
    )


def _store(
    session: Session,
    actor: Actor,
    known: _Circumstances,
    patient_id: UUID,
    reading: Reading,
    breaches: tuple[Breach, ...],
    key: bytes,
    doubt: str | None,
) -> Observation:
    values: dict[str, Any] = {
        **_UNSAID,
        **reading.values,
        "id": new_reading_id(reading.measured_at),
        "practice_id": actor.practice_id,
        "patient_id": patient_id,
        "systolic_absent_reason": reading.absent_reasons.get("systolic"),
        "diastolic_absent_reason": reading.absent_reasons.get("diastolic"),
        **{name: getattr(reading, name) for name in _AS_THEY_CAME},
        "source": source_of(reading, sends_by_itself=known.sends_by_itself),
        "natural_key": key,
        "fhir_status": "pending" if known.has_emr else "not_configured",
        "alert_level": breaches[0].level.value if breaches else None,
        "status": "quarantined" if doubt else "final",
        "quarantine_reason": doubt,
        "created_at": known.stored_at,
        "created_by": actor.author_id,
    }
    send_later(session, (_STORE, values))
    events.record(session, "observation:create", "observation", resource_id=values["id"], patient_id=patient_id)
    return Observation(**values)


def _judge_alerts(
    session: Session, known: _Circumstances, stored: Observation, found: Evaluation, at: datetime
) -> RaisedAlert | None:
    """Clear the alerts that the reading ends, and open or count into the one that its worst breach raises."""
    version = known.rules.version
    source = alert_flow.Source(stored.practice_id, stored.patient_id, version, stored.id, stored.measured_at)
    alert_flow.clear_recovered(session, source, known.open_alerts, frozenset(found.cleared), at)
    if not found.raised:
        return None
    finding = finding_of(found.raised[0])
    raised = alert_flow.raise_or_fold(session, source, finding, known.open_alerts, at, known.warning_minutes)
    known.summary.unacknowledged_alerts += raised.is_newly_waiting
    known.recent_alerts[raised.alert.level] += 1
    return raised.alert


def _first_delivery(session: Session, actor: Actor, key: bytes, measured_at: datetime) -> RecordedReading:
    raised_it = (AlertOccurrence.practice_id == Observation.practice_id) & (
        AlertOccurrence.observation_id == Observation.id
    )
    query = (
        select(Observation, AlertOccurrence)
        .outerjoin(AlertOccurrence, raised_it)
        .where(
            Observation.practice_id == actor.practice_id,
            Observation.natural_key == key,
            Observation.measured_at == measured_at,
        )
    )
    observation, told = session.execute(query).one()
    events.record(
        session, "observation:duplicate", "observation",
        resource_id=observation.id, patient_id=observation.patient_id,
    )  # fmt: skip
    alert = RaisedAlert(told.alert_id, told.level, told.rule, told.message) if told else None
    return RecordedReading(observation, alert, is_new=False)

"""What must be known to take in readings: asked in one round trip, while the patients' lines of the board are locked.

Every reading of a patient waits at the lock for the one before it. So what is asked next, in statements of their own
that see all that was committed meanwhile, still holds when the answer is used: above all whether a reading is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, DateTime, ScalarSelect, bindparam, func, select
from sqlalchemy.orm import Session

from app.database.statements import Statement, send
from app.domain.actor import Actor
from app.domain.devices.catalog import MODELS
from app.domain.devices.custody import may_claim
from app.domain.devices.identity import identifier_key
from app.domain.errors import NotFound, PatientArchived
from app.domain.roles import Role
from app.domain.triage.score import ALERT_WINDOW
from app.domain.triage.state import State
from app.domain.triage.thresholds import AlertLevel
from app.domain.triage.windows import Sample
from app.domain.vitals.reading import Reading
from app.models import EmrConnection, Observation, Patient, TriageSummary
from app.models.plain import plain
from app.services.devices import holders
from app.services.readings.other_names import find_by_device
from app.services.triage import alert_flow, history, summaries
from app.services.triage.alert_flow import StandingAlert
from app.services.triage.rules import Rules, in_force, rules_from


@dataclass(slots=True)
class PatientFacts:
    """What is known of a patient whose line of the board is locked; taking in a reading brings it up to date.

    `state` is what the readings judged since then have left of the rules, and not yet written to the summary.
    """

    summary: TriageSummary
    is_active: bool
    rules: Rules
    zone: ZoneInfo
    history: list[Sample]
    has_emr: bool
    recent_alerts: dict[str, int]
    alerts: list[StandingAlert]
    warning_minutes: int | None
    stored_at: datetime
    state: State | None = None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """How the device that a reading names stood to the patient when it measured."""

    may_claim: bool
    sends_by_itself: bool


def lock_and_ask(
    session: Session, actor: Actor, patient_id: UUID, reading: Reading, key: bytes, at: datetime
) -> tuple[PatientFacts, DeviceFacts, UUID | None]:
    """Return the facts for one reading, and which reading it is if it is known; raises NotFound or PatientArchived.

    Known is what was sent before by whichever number of its device.
    """
    require_own(actor, patient_id)
    of = {"practice": actor.practice_id, "patient": patient_id}
    asked = {**of, "natural_key": key, **_times(at, reading.measured_at)}
    device = {"device": identifier_key(reading.device_id or ""), "measured_at": reading.measured_at}
    lines, facts, alerts = send(session, (_LOCK, of), (_FACTS, asked | device), (alert_flow.STANDING_ALERTS, of))
    if not facts:
        raise NotFound
    fact = facts[0]
    if not fact.is_active:
        raise PatientArchived
    patient = patient_facts(plain(TriageSummary, lines[0]._asdict()), fact, alerts)
    known_id = fact.known_id
    if known_id is None and fact.has_others and fact.is_registered:
        known_id = find_by_device(session, actor.practice_id, patient_id, reading)
    return patient, device_facts(patient_id, fact.is_registered, fact.holder, fact.model_id), known_id


def lock_patient(
    session: Session, practice_id: UUID, patient_id: UUID, measured_at: datetime, at: datetime
) -> PatientFacts:
    """Return the facts of a patient of the practice, archived or not, before a reading of theirs is decided on."""
    of = {"practice": practice_id, "patient": patient_id}
    asked = {**of, **_times(at, measured_at)}
    lines, facts, alerts = send(session, (_LOCK, of), (_ABOUT, asked), (alert_flow.STANDING_ALERTS, of))
    return patient_facts(plain(TriageSummary, lines[0]._asdict()), facts[0], alerts)


def require_own(actor: Actor, patient_id: UUID) -> None:
    """Raise NotFound when a patient asks for somebody else."""
    if actor.role is Role.PATIENT and actor.patient_id != patient_id:
        raise NotFound


def patient_facts(summary: TriageSummary, fact: Any, alerts: Iterable[Any]) -> PatientFacts:
    """Return a patient's facts from a row with the columns of `about_patient`, and the rows of their alerts."""
    return PatientFacts(
        summary=summary,
        is_active=fact.is_active,
        rules=rules_from(fact),
        zone=ZoneInfo(fact.timezone),
        history=history.samples_from(fact.history),
        has_emr=bool(fact.has_emr),
        recent_alerts={level.value: getattr(fact, level.value) for level in AlertLevel},
        alerts=alert_flow.alerts_from(alerts),
        warning_minutes=fact.warning_minutes,
        stored_at=fact.stored_at,
    )


def device_facts(patient_id: UUID, is_registered: bool, holder: UUID | None, model_id: str | None) -> DeviceFacts:
    """Return what a reading's device says about it."""
    model = MODELS.get(model_id or "")
    return DeviceFacts(
        may_claim=may_claim(patient_id, is_registered=is_registered, holder=holder),
        sends_by_itself=holder == patient_id and model is not None and model.auto_upload,
    )


_practice: BindParameter[UUID] = bindparam("practice")
_patient: BindParameter[UUID] = bindparam("patient")
_device: BindParameter[str] = bindparam("device")
_first, _last = (bindparam(name, type_=DateTime(timezone=True)) for name in ("first_measured", "last_measured"))
_SUMMARIES = TriageSummary.metadata.tables["triage_summaries"]
_OBSERVATIONS = Observation.metadata.tables["observations"]


def _times(at: datetime, measured_at: datetime) -> dict[str, datetime]:
    return {"since": at - ALERT_WINDOW, "first_measured": measured_at, "last_measured": measured_at}


def about_patient(patient_id: Any) -> tuple[Any, ...]:
    """Return the columns of what is asked about one patient, or about each of several."""
    return (
        Patient.is_active,
        func.now().label("stored_at"),
        Patient.timezone,
        *in_force(_practice, patient_id),
        history.between(_practice, patient_id, _first, _last).label("history"),
        alert_flow.warning_minutes_of(_practice).label("warning_minutes"),
        _of_practice(EmrConnection, EmrConnection.is_active).label("has_emr"),
        *(
            summaries.alerts_since(_practice, patient_id, level, bindparam("since")).label(level.value)
            for level in AlertLevel
        ),
    )


def _of_practice(model: Any, column: Any) -> ScalarSelect[Any]:
    return select(column).where(model.practice_id == _practice).scalar_subquery()


_LOCK = Statement(
    select(_SUMMARIES)
    .where(_SUMMARIES.c.practice_id == _practice, _SUMMARIES.c.patient_id == _patient)
    .with_for_update()
)
_ABOUT = Statement(select(*about_patient(_patient)).where(Patient.practice_id == _practice, Patient.id == _patient))
_FACTS = Statement(
    select(
        *about_patient(_patient),
        select(_OBSERVATIONS.c.id)
        .where(
            _OBSERVATIONS.c.practice_id == _practice,
            _OBSERVATIONS.c.natural_key == bindparam("natural_key"),
            _OBSERVATIONS.c.measured_at == bindparam("measured_at"),
        )
        .scalar_subquery()
        .label("known_id"),
        select(_OBSERVATIONS.c.id)
        .where(
            _OBSERVATIONS.c.practice_id == _practice,
            _OBSERVATIONS.c.patient_id == _patient,
            _OBSERVATIONS.c.measured_at == bindparam("measured_at"),
        )
        .exists()
        .label("has_others"),
        holders.is_registered(_practice, _device).label("is_registered"),
        holders.holder(_practice, _device, bindparam("measured_at")).label("holder"),
        holders.model_of(_practice, _device).label("model_id"),
    ).where(Patient.practice_id == _practice, Patient.id == _patient)
)

"""Where the timeline's items come from: a table of sources. A new kind is one more line.

A source's table has `id`, `practice_id`, `patient_id` and an index by patient and moment. Who lacks the permission does
not see the kind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import TIMESTAMP, ColumnElement, func
from sqlalchemy import cast as sql_cast

from app.domain.roles import Permission
from app.domain.vitals.kinds import KINDS, ObservationType, VitalKind
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.units import BY_UNIT
from app.models import (
    Alert,
    BillingEntry,
    CareOrder,
    Consent,
    DeviceEvent,
    Enrollment,
    Escalation,
    Observation,
    PatientCall,
    PatientNote,
    PatientStatusChange,
    TimeLog,
    TriageReview,
)

_NOTE_BEGINNING = 200


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """A kind of item: its table, the column of its moment, who may see it, how a row reads, who did it.

    With `everybodys`, who lacks that permission sees only what they did themselves.
    """

    kind: str
    model: Any
    at: Any
    permission: Permission
    summary: Callable[[Any], str]
    by: str | None = None
    everybodys: Permission | None = None


_NOT_COUNTED = {"quarantined": " (waits for a decision)", "rejected": " (rejected)", "void": " (void)"}


def _reading(row: Observation) -> str:
    return _measured(row) + _NOT_COUNTED.get(row.status, "")


def _measured(row: Observation) -> str:
    kind = KINDS[cast("ObservationType", row.observation_type)]
    if kind.type != "blood_pressure":
        return f"{kind.label} {', pulse '.join(_quantities(row, kind))}"
    systolic, diastolic = ("–" if value is None else value for value in (row.systolic, row.diastolic))  # noqa: RUF001
    pulse = "" if row.pulse is None else f", pulse {row.pulse} bpm"
    return f"Blood pressure {systolic}/{diastolic} mmHg{pulse}"


def _quantities(row: Observation, kind: VitalKind) -> Iterator[str]:
    """Write each measure that is there: as it was posted, or rounded in the unit it is kept in."""
    for name in kind.measures:
        value = getattr(row, name)
        if value is not None and row.posted_unit and (name, row.posted_unit) in BY_UNIT:
            yield f"{row.posted_value} {row.posted_unit}"
        elif value is not None:
            yield f"{value} {MEASURES[name].limits.unit}"


def _alert(row: Alert) -> str:
    seen = "" if row.acknowledged_at is None else " (acknowledged)"
    times = "" if row.occurrences == 1 else f", {row.occurrences} times"
    return f"{row.level.capitalize()} alert: {row.message}{times}{seen}"


def _escalation(row: Escalation) -> str:
    level = "STAT" if row.level == "stat" else row.level.capitalize()
    return f"{level} escalation ({row.state}): {row.reason}"


def _review(row: TriageReview) -> str:
    minutes = f" ({row.minutes} min)" if row.minutes else ""
    return f"Reviewed{minutes}: {row.note}" if row.note else f"Reviewed{minutes}"


def _note(row: PatientNote) -> str:
    beginning = row.body[:_NOTE_BEGINNING]
    return f"{beginning}…" if len(row.body) > _NOTE_BEGINNING else beginning


def _status_change(row: PatientStatusChange) -> str:
    words = {"merged": "Merged into another record", "absorbed": "Took in a duplicate record"}
    happened = words.get(row.change, f"Record {row.change}")
    return f"{happened}: {row.reason}" if row.reason else happened


def _billing_entry(row: BillingEntry) -> str:
    return f"{row.cpt_code}, ${row.amount}, {row.status}"


def _consent(row: Consent) -> str:
    revoked = "" if row.revoked_on is None else f", revoked on {row.revoked_on}"
    return f"{row.method.capitalize()} consent to {row.program}{revoked}"


def _order(row: CareOrder) -> str:
    stopped = "" if row.stopped_on is None else f", stopped on {row.stopped_on}"
    return f"{row.program} {'renewed' if row.follows_id else 'ordered'}{stopped}"


def _enrollment(row: Enrollment) -> str:
    discharged = f", discharged on {row.ends_on}" if row.discharged_at else ""
    return f"Enrolled in {row.program}{discharged}"


def _device_event(row: DeviceEvent) -> str:
    happened = row.kind.replace("_", " ").capitalize()
    return f"Device: {happened}. {row.reason}" if row.reason else f"Device: {happened}"


def _time_log(row: TimeLog) -> str:
    minutes, seconds = divmod(int((row.ended_at - row.started_at).total_seconds()), 60)
    how = "" if row.mode == "none" else f", {row.mode.replace('_', ' ')}"
    voided = "" if row.voided_at is None else " (void)"
    return f"{row.program} time: {row.activity.replace('_', ' ')}{how}, {minutes} min {seconds:02} s{voided}"


_REACHED = {"reached": "", "no_answer": ", no answer", "left_message": ", left a message"}


def _call(row: PatientCall) -> str:
    whom = "Called by the patient" if row.direction == "inbound" else "Called the patient"
    minutes, seconds = divmod(int((row.ended_at - row.started_at).total_seconds()), 60)
    spent = f", {minutes} min {seconds:02} s" if row.ended_at > row.started_at else ""
    voided = "" if row.voided_at is None else " (void)"
    note = f": {row.note[:_NOTE_BEGINNING]}" if row.note else ""
    return f"{whom} by {row.mode}{_REACHED[row.outcome]}{spent}{voided}{note}"


def _midnight(day: Any) -> ColumnElement[Any]:
    return func.timezone("UTC", sql_cast(day, TIMESTAMP))


SOURCES: tuple[TimelineSource, ...] = (
    TimelineSource("reading", Observation, Observation.measured_at, Permission.READ_OBSERVATIONS, _reading),
    TimelineSource("alert", Alert, Alert.raised_at, Permission.READ_TRIAGE, _alert),
    TimelineSource(
        "escalation", Escalation, Escalation.raised_at, Permission.READ_TRIAGE, _escalation, by="raised_by"
    ),
    TimelineSource("review", TriageReview, TriageReview.reviewed_at, Permission.READ_TRIAGE, _review, by="reviewed_by"),
    TimelineSource("note", PatientNote, PatientNote.created_at, Permission.READ_NOTES, _note, by="author_id"),
    TimelineSource(
        "record", PatientStatusChange, PatientStatusChange.changed_at, Permission.READ_PATIENTS, _status_change,
        by="changed_by",
    ),
    TimelineSource(
        "consent", Consent, _midnight(Consent.obtained_on), Permission.READ_PATIENTS, _consent, by="obtained_by"
    ),
    TimelineSource("care_order", CareOrder, _midnight(CareOrder.ordered_on), Permission.READ_PATIENTS, _order),
    TimelineSource("enrollment", Enrollment, _midnight(Enrollment.starts_on), Permission.READ_PATIENTS, _enrollment),
    TimelineSource(
        "device", DeviceEvent, DeviceEvent.at, Permission.READ_DEVICES, _device_event, by="user_id"
    ),
    TimelineSource("call", PatientCall, PatientCall.started_at, Permission.READ_CALLS, _call, by="user_id"),
    TimelineSource(
        "time_log", TimeLog, TimeLog.started_at, Permission.READ_TIME_LOGS, _time_log, by="user_id",
        everybodys=Permission.READ_ALL_TIME_LOGS,
    ),
    TimelineSource(
        "billing_entry", BillingEntry, _midnight(BillingEntry.service_date), Permission.READ_BILLING, _billing_entry
    ),
)  # fmt: skip

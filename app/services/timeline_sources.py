"""Where the timeline's items come from: a table of sources. A new kind is one more line.

A source's table has `id`, `practice_id`, `patient_id` and an index by patient and moment. Who lacks the permission does
not see the kind.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TIMESTAMP, cast, func

from app.domain.roles import Permission
from app.models import Alert, BillingEntry, Observation, PatientNote, PatientStatusChange

_NOTE_BEGINNING = 200


@dataclass(frozen=True, slots=True)
class TimelineSource:
    """A kind of item: its table, the column of its moment, who may see it, how a row reads, who did it."""

    kind: str
    model: Any
    at: Any
    permission: Permission
    summary: Callable[[Any], str]
    by: str | None = None


def _reading(row: Observation) -> str:
    if row.observation_type != "blood_pressure":
        return row.observation_type.replace("_", " ").capitalize()
    systolic, diastolic = ("–" if value is None else value for value in (row.systolic, row.diastolic))  # noqa: RUF001
    pulse = "" if row.pulse is None else f", pulse {row.pulse} bpm"
    return f"Blood pressure {systolic}/{diastolic} mmHg{pulse}"


def _alert(row: Alert) -> str:
    seen = "" if row.acknowledged_at is None else " (acknowledged)"
    return f"{row.level.capitalize()} alert: {row.message}{seen}"


def _note(row: PatientNote) -> str:
    beginning = row.body[:_NOTE_BEGINNING]
    return f"{beginning}…" if len(row.body) > _NOTE_BEGINNING else beginning


def _status_change(row: PatientStatusChange) -> str:
    words = {"merged": "Merged into another record", "absorbed": "Took in a duplicate record"}
    happened = words.get(row.change, f"Record {row.change}")
    return f"{happened}: {row.reason}" if row.reason else happened


def _billing_entry(row: BillingEntry) -> str:
    return f"{row.cpt_code}, ${row.amount}, {row.status}"


_AT_MIDNIGHT_UTC = func.timezone("UTC", cast(BillingEntry.service_date, TIMESTAMP))

SOURCES: tuple[TimelineSource, ...] = (
    TimelineSource("reading", Observation, Observation.measured_at, Permission.READ_OBSERVATIONS, _reading),
    TimelineSource("alert", Alert, Alert.raised_at, Permission.READ_TRIAGE, _alert),
    TimelineSource("note", PatientNote, PatientNote.created_at, Permission.READ_NOTES, _note, by="author_id"),
    TimelineSource(
        "record", PatientStatusChange, PatientStatusChange.changed_at, Permission.READ_PATIENTS, _status_change,
        by="changed_by",
    ),
    TimelineSource("billing_entry", BillingEntry, _AT_MIDNIGHT_UTC, Permission.READ_BILLING, _billing_entry),
)  # fmt: skip

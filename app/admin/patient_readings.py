"""One reading of a patient, and what people decide on it: void, corrected, accepted, rejected."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, number, version_seen
from app.admin.patient_vitals import READING_STATUSES
from app.admin.patients import patient_tab
from app.domain.errors import NotFound, StaleVersion
from app.domain.roles import Permission
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.plausibility import REASONS
from app.schemas.observations import ReadingDecisionSchema, VoidReadingSchema
from app.schemas.readings import NEW_READING_SCHEMAS, shown_values
from app.services.readings.decisions import accept_reading, reject_reading, void_reading
from app.services.readings.intake import record_reading
from app.services.readings.listing import get_reading
from app.web.security import actor

_ONE = "/patients/<uuid:patient_id>/readings/<uuid:reading_id>"


@console_page(_ONE, Permission.READ_OBSERVATIONS)
def patient_reading(patient_id: UUID, reading_id: UUID) -> ResponseReturnValue:
    """Show a reading with all that is kept of it."""
    return _page(patient_id, reading_id)


@console_page(f"{_ONE}/void", Permission.VOID_READINGS, methods=("POST",))
def void_patient_reading(patient_id: UUID, reading_id: UUID) -> ResponseReturnValue:
    """Let a reading count for nothing."""
    return _done(patient_id, reading_id, "void", lambda: _void(reading_id))


@console_page(f"{_ONE}/correct", Permission.VOID_READINGS, methods=("POST",))
def correct_patient_reading(patient_id: UUID, reading_id: UUID) -> ResponseReturnValue:
    """Replace a reading by one with other values."""
    return _done(patient_id, reading_id, "correct", lambda: _correct(patient_id, reading_id))


@console_page(f"{_ONE}/accept", Permission.DECIDE_READINGS, methods=("POST",))
def accept_patient_reading(patient_id: UUID, reading_id: UUID) -> ResponseReturnValue:
    """Let a reading out of quarantine."""
    return _done(patient_id, reading_id, "decide", lambda: _decide(reading_id, accept_reading))


@console_page(f"{_ONE}/reject", Permission.DECIDE_READINGS, methods=("POST",))
def reject_patient_reading(patient_id: UUID, reading_id: UUID) -> ResponseReturnValue:
    """Keep a reading out for good."""
    return _done(patient_id, reading_id, "decide", lambda: _decide(reading_id, reject_reading))


def _done(patient_id: UUID, reading_id: UUID, form: str, work: Callable[[], UUID]) -> ResponseReturnValue:
    _of_patient(patient_id, reading_id)
    done = attempt(form, work)
    if isinstance(done, Refusal):
        return _page(patient_id, reading_id, done)
    return redirect(url_for("admin.patient_reading", patient_id=patient_id, reading_id=done), 303)


def _page(patient_id: UUID, reading_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    reading = _of_patient(patient_id, reading_id)
    return patient_tab(
        "patient_reading", patient_id, refusal, reading=reading, kind=KINDS[reading.observation_type],
        values=shown_values(reading), measures=MEASURES, reasons=REASONS, statuses=READING_STATUSES,
    )  # fmt: skip


def _of_patient(patient_id: UUID, reading_id: UUID) -> Any:
    reading = get_reading(actor(), reading_id)
    if reading.patient_id != patient_id:
        raise NotFound
    return reading


def _void(reading_id: UUID) -> UUID:
    body = VoidReadingSchema().load(filled_in("reason"))
    return void_reading(actor(), reading_id, body["reason"], version_seen()).id


def _decide(reading_id: UUID, decision: Callable[..., object]) -> UUID:
    body = ReadingDecisionSchema().load(filled_in("reason"))
    decision(actor(), reading_id, body["reason"], version_seen())
    return reading_id


def _correct(patient_id: UUID, reading_id: UUID) -> UUID:
    old = _of_patient(patient_id, reading_id)
    if old.version != version_seen():
        raise StaleVersion
    kind = KINDS[old.observation_type]
    values = {name: number(text) for name, text in filled_in(*map(kind.field, kind.measures)).items()}
    about = {"patient_id": str(patient_id), "measured_at": old.measured_at.isoformat().replace("+00:00", "Z")}
    schema = NEW_READING_SCHEMAS[kind.type]()
    kept = {name: getattr(old, name) for name in _KEPT if name in schema.fields and getattr(old, name) is not None}
    _, reading = schema.load({**about, **kept, "source": "manual", "corrects_id": str(reading_id), **values})
    return record_reading(actor(), patient_id, reading).observation.id


_KEPT = ("device_id", "meal", "irregular_heartbeat")  # what a corrected value does not change

"""Calls with a patient: the form that logs one, all of them, one with the forms that correct and void it."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, version_seen, whole
from app.admin.patient_time import time_tab
from app.admin.patients import patient_tab
from app.admin.time_logs import times_sent
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.calls import NewCallSchema, VoidCallSchema
from app.services.billing.calls import get_call, list_calls, record_call, void_call
from app.services.practices import get_timezone
from app.web.security import actor

_FIELDS = ("mode", "outcome", "direction", "program", "credential", "note")


@console_page("/patients/<uuid:patient_id>/calls", Permission.READ_CALLS)
def patient_calls(patient_id: UUID) -> ResponseReturnValue:
    """List a patient's calls, those that are void among them."""
    page = list_calls(actor(), patient_id, load_query(PageOnlySchema()))
    return patient_tab("patient_calls", patient_id, page=page)


@console_page("/patients/<uuid:patient_id>/calls/new", Permission.WRITE_CALLS, methods=("POST",))
def add_call(patient_id: UUID) -> ResponseReturnValue:
    """Log a call; its minutes are logged with it."""
    done = attempt("call", lambda: _record(patient_id))
    if isinstance(done, Refusal):
        return time_tab(patient_id, refusal=done)
    return redirect(url_for("admin.patient_call", patient_id=patient_id, call_id=done), 303)


@console_page("/patients/<uuid:patient_id>/calls/<uuid:call_id>", Permission.READ_CALLS)
def patient_call(patient_id: UUID, call_id: UUID) -> ResponseReturnValue:
    """Show one call, and the forms that correct and void it."""
    return call_page(patient_id, call_id)


@console_page("/patients/<uuid:patient_id>/calls/<uuid:call_id>/correct", Permission.WRITE_CALLS, methods=("POST",))
def correct_call(patient_id: UUID, call_id: UUID) -> ResponseReturnValue:
    """Put a call right by a new one; the old one stays on record, void."""
    done = attempt("correct", lambda: _record(patient_id, call_id))
    if isinstance(done, Refusal):
        return call_page(patient_id, call_id, done)
    return redirect(url_for("admin.patient_call", patient_id=patient_id, call_id=done), 303)


@console_page("/patients/<uuid:patient_id>/calls/<uuid:call_id>/void", Permission.WRITE_CALLS, methods=("POST",))
def void_patient_call(patient_id: UUID, call_id: UUID) -> ResponseReturnValue:
    """Take a call and its minutes out of every count."""
    done = attempt("void", lambda: _void(patient_id, call_id))
    if isinstance(done, Refusal):
        return call_page(patient_id, call_id, done)
    return redirect(url_for("admin.patient_call", patient_id=patient_id, call_id=call_id), 303)


def call_page(patient_id: UUID, call_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    """Return a call's page, with what was refused beside the form that was sent."""
    shown = get_call(actor(), patient_id, call_id)
    is_mine = shown.call.user_id == actor().user_id or may(Permission.WRITE_ALL_TIME_LOGS)
    return patient_tab(
        "patient_call", patient_id, refusal, shown=shown, is_mine=is_mine, zone=get_timezone(actor())
    )  # fmt: skip


def _record(patient_id: UUID, corrects: UUID | None = None) -> UUID:
    body: dict[str, object] = {**filled_in(*_FIELDS, "reason"), **times_sent()}
    if given := filled_in("minutes"):
        body["minutes"] = whole(given["minutes"])
    if corrects is not None:
        body = {"reason": "", **body, "corrects": str(corrects)}
    return record_call(actor(), patient_id, NewCallSchema().load(body)).call.id


def _void(patient_id: UUID, call_id: UUID) -> UUID:
    given = VoidCallSchema().load(filled_in("reason"))
    return void_call(actor(), patient_id, call_id, given["reason"], version_seen()).call.id

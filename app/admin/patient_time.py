"""The tab of time spent on a patient: the month so far, the entries, a form for another, a timer to start."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in
from app.admin.patients import patient_tab
from app.admin.time_logs import WORK, live_sent, times_sent
from app.domain.billing.time_logs import MonthQuery, TimeLogQuery
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema
from app.schemas.time_logs import NewTimeLogSchema
from app.schemas.timers import NewTimerSchema
from app.services.billing.calls import list_calls
from app.services.billing.time_entries import create_time_log
from app.services.billing.time_logs import list_time_logs
from app.services.billing.time_totals import list_gaps, list_totals
from app.services.billing.timers import start_timer
from app.services.practices import get_timezone
from app.web.security import actor

_FIRST_PAGE = PageRequest()
_FEW = PageRequest(page_size=5)
_ALL = PageRequest(page_size=MAX_PAGE_SIZE)


@console_page("/patients/<uuid:patient_id>/time", Permission.READ_TIME_LOGS)
def patient_time(patient_id: UUID) -> ResponseReturnValue:
    """Show a patient's time: the month's totals, what is missing, the entries."""
    return time_tab(patient_id, load_query(PageOnlySchema()))


@console_page("/patients/<uuid:patient_id>/time/new", Permission.WRITE_TIME_LOGS, methods=("POST",))
def add_time(patient_id: UUID) -> ResponseReturnValue:
    """Write an entry by hand."""
    done = attempt("time", lambda: _add(patient_id))
    if isinstance(done, Refusal):
        return time_tab(patient_id, refusal=done)
    return redirect(url_for("admin.patient_time", patient_id=patient_id, _anchor="entries"), 303)


@console_page("/patients/<uuid:patient_id>/timer", Permission.WRITE_TIME_LOGS, methods=("POST",))
def start_patient_timer(patient_id: UUID) -> ResponseReturnValue:
    """Start to work on the patient by the timer."""
    done = attempt("timer", lambda: _start(patient_id))
    if isinstance(done, Refusal):
        return time_tab(patient_id, refusal=done)
    return redirect(url_for("admin.patient_time", patient_id=patient_id), 303)


def time_tab(patient_id: UUID, paging: PageRequest = _FIRST_PAGE, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    """Return the tab, with what was refused beside the form that was sent."""
    month = MonthQuery(_ALL, None, patient_id)
    return patient_tab(
        "patient_time",
        patient_id,
        refusal,
        page=list_time_logs(actor(), TimeLogQuery(paging, patient_id=patient_id)),
        totals=list_totals(actor(), month),
        gaps=list_gaps(actor(), month),
        calls=list_calls(actor(), patient_id, _FEW) if may(Permission.READ_CALLS) else None,
        zone=get_timezone(actor()),
    )


def _add(patient_id: UUID) -> UUID:
    body = {**filled_in(*WORK, "note"), **times_sent(), **live_sent(), "patient_id": str(patient_id)}
    return create_time_log(actor(), NewTimeLogSchema().load(body)).log.id


def _start(patient_id: UUID) -> UUID:
    body = {**filled_in("program", "activity", "mode"), "patient_id": str(patient_id)}
    return start_timer(actor(), *NewTimerSchema().load(body)).timer.id

"""The pages of logged time: all entries, one entry with its history, what is missing in a month."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, moment_in, version_seen
from app.admin.months import shown_month
from app.domain.billing.time_logs import MonthQuery
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.schemas.time_logs import TimeLogChangesSchema, TimeLogQuerySchema, VoidTimeLogSchema
from app.schemas.time_totals import MonthQuerySchema
from app.services.accounts.staff import list_staff
from app.services.billing.time_corrections import list_revisions, update_time_log, void_time_log
from app.services.billing.time_logs import get_time_log, list_time_logs
from app.services.billing.time_totals import list_gaps
from app.services.practices import get_timezone
from app.web.security import actor

WORK = ("program", "activity", "mode", "credential")
TIMES = ("started_at", "ended_at")
_FEW = PageRequest(page_size=5)
_ALL = PageRequest(page_size=MAX_PAGE_SIZE)


@console_page("/time-logs", Permission.READ_TIME_LOGS)
def time_logs() -> ResponseReturnValue:
    """List entries, with what is missing in the month."""
    query = load_query(TimeLogQuerySchema())
    return render_template(
        "admin/time_logs.html",
        query=query,
        page=list_time_logs(actor(), query),
        gaps=list_gaps(actor(), MonthQuery(_FEW, query.month, query.patient_id)),
        staff=list_staff(actor()) if may(Permission.READ_ALL_TIME_LOGS) else [],
    )


@console_page("/time-logs/gaps", Permission.READ_TIME_LOGS)
def time_gaps() -> ResponseReturnValue:
    """Show all that is missing in a month."""
    query = load_query(MonthQuerySchema())
    gaps = list_gaps(actor(), query)
    return render_template("admin/time_gaps.html", query=query, gaps=gaps, month=shown_month(query.month))


@console_page("/time-logs/<uuid:time_log_id>", Permission.READ_TIME_LOGS)
def time_log(time_log_id: UUID) -> ResponseReturnValue:
    """Show one entry, what it said before, and the forms that correct and void it."""
    return time_log_page(time_log_id)


@console_page("/time-logs/<uuid:time_log_id>/edit", Permission.WRITE_TIME_LOGS, methods=("POST",))
def edit_time_log(time_log_id: UUID) -> ResponseReturnValue:
    """Correct an entry; what it said before is kept."""
    return _done(time_log_id, "edit", lambda: _edit(time_log_id))


@console_page("/time-logs/<uuid:time_log_id>/void", Permission.WRITE_TIME_LOGS, methods=("POST",))
def void_entry(time_log_id: UUID) -> ResponseReturnValue:
    """Take an entry out of every count."""
    return _done(time_log_id, "void", lambda: _void(time_log_id))


def time_log_page(time_log_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    """Return an entry's page, with what was refused beside the form that was sent."""
    shown = get_time_log(actor(), time_log_id)
    is_own = shown.log.user_id == actor().user_id
    page = render_template(
        "admin/time_log.html",
        shown=shown,
        history=list_revisions(actor(), time_log_id, _ALL),
        is_mine=is_own or may(Permission.WRITE_ALL_TIME_LOGS),
        zone=get_timezone(actor()),
        refusal=refusal,
    )
    return page, refusal.status


def times_sent() -> dict[str, str]:
    """Return the times that were entered on the practice's clock; one that is as it was shown counts as absent.

    A field shows whole seconds: sent back untouched, it must not take off the fraction of a timer's entry.
    """
    zone = get_timezone(actor())
    changed = [name for name in TIMES if request.form.get(name) != request.form.get(f"shown_{name}")]
    return {name: moment for one in changed for name, moment in moment_in(zone, one).items()}


def live_sent() -> dict[str, bool]:
    """Return whether the contact was a live one; nothing when the form leaves that to the way and the activity."""
    return {"is_interactive": request.form["live"] == "yes"} if request.form.get("live") in {"yes", "no"} else {}


def _done(time_log_id: UUID, form: str, work: Any) -> ResponseReturnValue:
    done = attempt(form, work)
    if isinstance(done, Refusal):
        return time_log_page(time_log_id, done)
    return redirect(url_for("admin.time_log", time_log_id=time_log_id), 303)


def _edit(time_log_id: UUID) -> UUID:
    note = {"note": request.form["note"]} if "note" in request.form else {}
    body = {**filled_in(*WORK, "reason"), **times_sent(), **live_sent(), **note}
    changes = TimeLogChangesSchema().load(body)
    return update_time_log(actor(), time_log_id, changes, changes.pop("reason"), version_seen()).log.id


def _void(time_log_id: UUID) -> UUID:
    given = VoidTimeLogSchema().load(filled_in("reason"))
    return void_time_log(actor(), time_log_id, given["reason"], version_seen()).log.id

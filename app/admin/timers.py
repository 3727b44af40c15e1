"""The timer in the header of every page, and the form that turns it into entries."""

from typing import Any
from uuid import UUID

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console, console_page, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in
from app.admin.targets import wanted_page
from app.admin.time_logs import WORK, live_sent, times_sent
from app.domain.billing.timers import TimerEnd
from app.domain.roles import Permission
from app.schemas.timers import TimerEndSchema
from app.services.billing.timers import ShownTimer, find_timer, pause_timer, resume_timer, stop_timer
from app.services.practices import get_timezone
from app.web.security import actor


@console_page("/timer", Permission.WRITE_TIME_LOGS, methods=("GET", "POST"))
def timer() -> ResponseReturnValue:
    """Stop the timer: say what was done, and log it."""
    refusal = NO_REFUSAL
    if request.method == "POST":
        done = attempt("stop", _stop)
        if not isinstance(done, Refusal):
            return redirect(url_for("admin.patient_time", patient_id=done, _anchor="entries"), 303)
        refusal = done
    page = render_template("admin/timer.html", zone=get_timezone(actor()), refusal=refusal)
    return page, refusal.status


@console_page("/timer/pause", Permission.WRITE_TIME_LOGS, methods=("POST",))
def pause() -> ResponseReturnValue:
    """Hold the timer, and go back to the page."""
    return _back(attempt("pause", lambda: pause_timer(actor()).timer.id))


@console_page("/timer/resume", Permission.WRITE_TIME_LOGS, methods=("POST",))
def resume() -> ResponseReturnValue:
    """Let the timer run on, and go back to the page."""
    return _back(attempt("resume", lambda: resume_timer(actor()).timer.id))


@console_page("/timer/discard", Permission.WRITE_TIME_LOGS, methods=("POST",))
def discard() -> ResponseReturnValue:
    """Throw the timer's time away."""
    return _back(attempt("discard", _discard))


@console.app_context_processor
def _open_timer() -> dict[str, Any]:
    return {"open_timer": open_timer}


def open_timer() -> ShownTimer | None:
    """Return the timer of whoever is signed in; asked for once a page."""
    if not may(Permission.WRITE_TIME_LOGS):
        return None
    if "open_timer" not in g:
        g.open_timer = find_timer(actor())
    found: ShownTimer | None = g.open_timer
    return found


def _back(_done: UUID | Refusal) -> ResponseReturnValue:
    """Go back to the page; a timer that was stopped elsewhere is seen there to be gone."""
    return redirect(wanted_page(request.form.get("next", "")) or url_for("admin.patients"), 303)


def _stop() -> UUID:
    times = {name: value for name, value in times_sent().items() if name == "ended_at"}
    body = {**filled_in(*WORK, "note"), **times, **live_sent()}
    return stop_timer(actor(), TimerEndSchema().load(body))[0].log.patient_id


def _discard() -> UUID:
    stop_timer(actor(), TimerEnd({}, discard=True))
    return actor().practice_id

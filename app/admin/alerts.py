"""The queue of alerts, and saying that they have been seen, or how they ended."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.base import console_page, is_htmx, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, whole
from app.admin.targets import wanted_page
from app.domain.errors import ValidationFailed
from app.domain.roles import Permission
from app.domain.triage.alert_flow import MAX_SNOOZE
from app.domain.triage.thresholds import AlertLevel
from app.schemas.alerts import AssignmentSchema, BulkSchema, QueueQuerySchema, ResolutionSchema, SnoozeSchema
from app.services.accounts.staff import list_staff
from app.services.triage.alert_actions import (
    acknowledge_alert,
    acknowledge_alerts,
    assign_alert,
    resolve_alert,
    snooze_alert,
)
from app.services.triage.alerts import get_alert, list_alerts
from app.services.triage.board import get_board_line
from app.web.security import actor

_NONE_CHOSEN = "Choose at least one alert."
_HOURS = (1, 2, 4, 24, 72, 168)


@console_page("/alerts", Permission.READ_TRIAGE)
def alerts() -> ResponseReturnValue:
    """Show what waits to be seen, the most pressing first."""
    query = load_query(QueueQuerySchema())
    page = list_alerts(actor(), query)
    return render_template("admin/alerts.html", query=query, page=page, assignees=_assignees(), at=datetime.now(UTC))


@console_page("/alerts/acknowledge", Permission.ACKNOWLEDGE_ALERTS, methods=("POST",))
def acknowledge_many() -> ResponseReturnValue:
    """Acknowledge the alerts that are ticked, or the one whose button was pressed, and show the queue again."""
    chosen = request.form.getlist("only") or request.form.getlist("alert_ids")
    try:
        wanted = BulkSchema().load({"alert_ids": chosen})
    except ValidationError as error:
        raise ValidationFailed({"alert_ids": [_NONE_CHOSEN]}) from error
    acknowledge_alerts(actor(), wanted["alert_ids"])
    return redirect(_back(), 303)


@console_page("/alerts/<uuid:alert_id>", Permission.READ_TRIAGE)
def alert(alert_id: UUID) -> ResponseReturnValue:
    """Show one alert, and what can be done with it."""
    return _alert_page(alert_id)


@console_page("/alerts/<uuid:alert_id>/acknowledge", Permission.ACKNOWLEDGE_ALERTS, methods=("POST",))
def acknowledge(alert_id: UUID) -> ResponseReturnValue:
    """Acknowledge an alert; htmx gets its line anew, a browser without scripts the patient's page."""
    alert = acknowledge_alert(actor(), alert_id).alert
    if is_htmx():
        line = get_board_line(actor(), alert.patient_id)
        return render_template("admin/_acknowledged.html", alert=alert, line=line)
    return redirect(url_for("admin.patient", patient_id=alert.patient_id, _anchor="alerts"), 303)


@console_page("/alerts/<uuid:alert_id>/resolve", Permission.WRITE_TRIAGE, methods=("POST",))
def resolve(alert_id: UUID) -> ResponseReturnValue:
    """End an alert with its outcome."""
    return _after(alert_id, attempt("resolve", lambda: _resolve(alert_id)))


@console_page("/alerts/<uuid:alert_id>/snooze", Permission.WRITE_TRIAGE, methods=("POST",))
def snooze(alert_id: UUID) -> ResponseReturnValue:
    """Put an alert off for some hours."""
    return _after(alert_id, attempt("snooze", lambda: _snooze(alert_id)))


@console_page("/alerts/<uuid:alert_id>/assign", Permission.WRITE_TRIAGE, methods=("POST",))
def assign(alert_id: UUID) -> ResponseReturnValue:
    """Give an alert to somebody."""
    return _after(alert_id, attempt("assign", lambda: _assign(alert_id)))


def _assignees() -> list[tuple[int | str, str]]:
    """Return for whom the queue can be asked: anybody, oneself, then the others by name."""
    me = actor().user_id
    others = [(one.id, one.name) for one in list_staff(actor()) if one.is_active and one.id != me]
    return [("", "Anybody"), (me, "Me"), *others]


def _after(alert_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        return _alert_page(alert_id, done)
    return redirect(url_for("admin.alert", alert_id=alert_id), 303)


def _alert_page(alert_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    line, staff = get_alert(actor(), alert_id), [one for one in list_staff(actor()) if one.is_active]
    longest = MAX_SNOOZE[AlertLevel(line.alert.level)]
    hours = [count for count in _HOURS if timedelta(hours=count) <= longest]
    page = render_template("admin/alert.html", line=line, staff=staff, hours=hours, refusal=refusal)
    return page, refusal.status


def _back() -> str:
    """Return the queue as it was shown, when the form says how."""
    wanted = wanted_page(request.form.get("back", ""))
    return wanted if wanted and wanted.startswith(url_for("admin.alerts")) else url_for("admin.alerts")


def _resolve(alert_id: UUID) -> UUID:
    return resolve_alert(actor(), alert_id, ResolutionSchema().load(filled_in("outcome", "note"))).alert.id


def _snooze(alert_id: UUID) -> UUID:
    hours, body = whole(request.form.get("hours", "")), filled_in("reason")
    if isinstance(hours, int):
        body["until"] = (datetime.now(UTC) + timedelta(hours=min(hours, _HOURS[-1]), seconds=-1)).isoformat()
    return snooze_alert(actor(), alert_id, SnoozeSchema().load(body)).alert.id


def _assign(alert_id: UUID) -> UUID:
    chosen = whole(request.form.get("assignee_id", "")) or None
    return assign_alert(actor(), alert_id, AssignmentSchema().load({"assignee_id": chosen})["assignee_id"]).alert.id

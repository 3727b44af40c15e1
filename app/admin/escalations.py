"""The page of escalations: who is asked, answering, handing on, ending."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, whole
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.domain.triage.escalation import EscalationQuery
from app.schemas.escalations import EscalationOutcomeSchema, EscalationQuerySchema, ReassignmentSchema
from app.services.accounts.staff import list_staff
from app.services.triage.escalation_actions import acknowledge_escalation, reassign_escalation, resolve_escalation
from app.services.triage.escalations import get_escalation, list_escalations
from app.web.security import actor

_OPEN = EscalationQuery(PageRequest(), is_open=True, ordering="due_at")


@console_page("/escalations", Permission.READ_TRIAGE)
def escalations() -> ResponseReturnValue:
    """Show who needs somebody, and whom each waits for; those that are open unless asked otherwise."""
    return _page(load_query(EscalationQuerySchema()) if request.args else _OPEN)


@console_page("/escalations/<uuid:escalation_id>/acknowledge", Permission.ACKNOWLEDGE_ALERTS, methods=("POST",))
def acknowledge_one(escalation_id: UUID) -> ResponseReturnValue:
    """Take an escalation on."""
    return _after(
        escalation_id, attempt("acknowledge", lambda: acknowledge_escalation(actor(), escalation_id).escalation.id)
    )


@console_page("/escalations/<uuid:escalation_id>/reassign", Permission.WRITE_TRIAGE, methods=("POST",))
def reassign(escalation_id: UUID) -> ResponseReturnValue:
    """Hand an escalation to a person or a role."""
    return _after(escalation_id, attempt(f"reassign-{escalation_id}", lambda: _reassign(escalation_id)))


@console_page("/escalations/<uuid:escalation_id>/resolve", Permission.WRITE_TRIAGE, methods=("POST",))
def resolve_one(escalation_id: UUID) -> ResponseReturnValue:
    """End an escalation with what came of it."""
    return _after(escalation_id, attempt(f"resolve-{escalation_id}", lambda: _resolve(escalation_id)))


def _after(escalation_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    if isinstance(done, Refusal):
        get_escalation(actor(), escalation_id)  # what is not there is not found, whatever the form says
        return _page(_OPEN, done)
    return redirect(url_for("admin.escalations"), 303)


def _page(query: EscalationQuery, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    staff = [one for one in list_staff(actor()) if one.is_active]
    page = list_escalations(actor(), query)
    return render_template(
        "admin/escalations.html", query=query, page=page, staff=staff, refusal=refusal
    ), refusal.status


def _reassign(escalation_id: UUID) -> UUID:
    kind, _, chosen = request.form.get("to", "").partition(":")
    body: dict[str, Any] = {kind: whole(chosen) if kind == "user_id" else chosen} if chosen else {}
    to = ReassignmentSchema().load(body)
    return reassign_escalation(actor(), escalation_id, to.get("user_id"), to.get("role")).escalation.id


def _resolve(escalation_id: UUID) -> UUID:
    outcome = EscalationOutcomeSchema().load(filled_in("outcome"))["outcome"]
    return resolve_escalation(actor(), escalation_id, outcome).escalation.id

"""The audit trail's page: the state of its proof, and a search over what happened."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.audit import EventQuery, ExportFormat, Outcome
from app.domain.roles import Permission
from app.schemas.audit import DayEventQuerySchema, DayExportQuerySchema
from app.services.audit.reports import export_events, list_events, list_people, name_patients
from app.services.audit.seals import chain_state, export_own_trail
from app.web.responses import EXPORT_TYPES, TRAIL_TYPE, download
from app.web.security import actor

COLUMNS = (
    ("at", "When"),
    ("user_id", "Who"),
    ("action", "What"),
    ("patient_id", "Patient"),
    ("outcome", "Result"),
    ("ip", "From"),
)
OUTCOMES = {Outcome.SUCCESS: "Done", Outcome.REFUSED: "Refused", Outcome.FAILED: "Failed"}


@console_page("/audit", Permission.READ_AUDIT)
def audit() -> ResponseReturnValue:
    """Search the audit trail; on top stands how far it is proven."""
    query: EventQuery = load_query(DayEventQuerySchema())
    page = list_events(actor(), query)
    shown = {line.event.patient_id for line in page.items if line.event.patient_id}
    return render_template(
        "admin/audit.html", query=query, page=page, chain=chain_state(actor()), people=list_people(actor()),
        patients=name_patients(actor(), shown), columns=COLUMNS, outcomes=OUTCOMES, formats=ExportFormat,
    )  # fmt: skip


@console_page("/audit/export", Permission.READ_AUDIT)
def audit_export() -> ResponseReturnValue:
    """Download the events that were searched for."""
    wanted, form = load_query(DayExportQuerySchema())
    return download(export_events(actor(), wanted, form), EXPORT_TYPES[form], f"audit-events.{form.value}")


@console_page("/audit/trail", Permission.READ_AUDIT)
def audit_trail() -> ResponseReturnValue:
    """Download the practice's events with the seals that prove them."""
    return download(export_own_trail(actor()), TRAIL_TYPE, "trail.jsonl")

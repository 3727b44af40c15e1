"""The page of clinical decisions, in order."""

from flask import render_template
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.reviews import DecisionQuerySchema
from app.services.triage.decisions import list_decisions
from app.web.security import actor


@console_page("/decisions", Permission.READ_TRIAGE)
def decisions() -> ResponseReturnValue:
    """Show what was decided, by whom and why, the newest first."""
    query = load_query(DecisionQuerySchema())
    return render_template("admin/decisions.html", query=query, page=list_decisions(actor(), query))

"""What late facts did to lines that went out: the list, and saying that one is settled."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, version_seen
from app.domain.billing.entries import ImpactQuery
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.billing_lines import ImpactQuerySchema, StatusNoteSchema
from app.services.billing.impacts import acknowledge_impact, get_impact, list_impacts
from app.web.security import actor

_OPEN = ImpactQuery(PageRequest(), is_acknowledged=False)


@console_page("/billing/impacts", Permission.READ_BILLING)
def billing_impacts() -> ResponseReturnValue:
    """List impacts; those that wait for somebody unless others are asked for."""
    return _page(load_query(ImpactQuerySchema()) if request.args else _OPEN)


@console_page("/billing/impacts/<uuid:impact_id>/acknowledge", Permission.WRITE_BILLING, methods=("POST",))
def settle_impact(impact_id: UUID) -> ResponseReturnValue:
    """Acknowledge an impact."""
    done = attempt(f"impact-{impact_id}", lambda: _settle(impact_id))
    if isinstance(done, Refusal):
        get_impact(actor(), impact_id)  # one that is not there is not found, whatever the form lacks
        return _page(_OPEN, done)
    flash("Impact acknowledged.")
    return redirect(url_for("admin.billing_impacts"), 303)


def _page(query: ImpactQuery, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    page = list_impacts(actor(), query)
    return render_template("admin/billing_impacts.html", query=query, page=page, refusal=refusal), refusal.status


def _settle(impact_id: UUID) -> UUID:
    note = StatusNoteSchema().load(filled_in("note"))["note"]
    return acknowledge_impact(actor(), impact_id, note, version_seen()).impact.id

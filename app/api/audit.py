"""The audit trail (`/api/v1/audit/`): searching, exporting, and the seals that prove it."""

from typing import Any

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.audit import EventFilter, EventQuery, ExportFormat
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.audit import EventQuerySchema, EventSchema, ExportQuerySchema, SealPageSchema
from app.schemas.base import PageOnlySchema, page_of
from app.services.audit.reports import export_events, list_events
from app.services.audit.seals import chain_state, export_own_trail, list_seals
from app.web.responses import EXPORT_TYPES, TRAIL_TYPE, download, page_body
from app.web.security import actor, requires

audit = EndpointGroup("audit", __name__, description="The audit trail and its proof")
_TEXT = {"type": "string", "format": "binary"}
_EXPORTS = {kind: {"schema": _TEXT} for kind in EXPORT_TYPES.values()}


@audit.route("/events/")
class AuditEvents(MethodView):
    """What happened."""

    @requires(Permission.READ_AUDIT)
    @audit.arguments(EventQuerySchema, location="query")
    @audit.response(200, page_of(EventSchema))
    def get(self, query: EventQuery) -> Any:
        """Search the audit trail."""
        return page_body(list_events(actor(), query))


@audit.route("/events/export/")
class AuditEventExport(MethodView):
    """What happened, for other programs."""

    @requires(Permission.READ_AUDIT)
    @audit.arguments(ExportQuerySchema, location="query")
    @audit.response(200, _TEXT, content_type="text/csv")
    @audit.doc(responses={"200": {"description": "OK", "content": _EXPORTS}})
    def get(self, query: tuple[EventFilter, ExportFormat]) -> Response:
        """Export events as CSV, or as FHIR AuditEvents one a line."""
        wanted, form = query
        return download(export_events(actor(), wanted, form), EXPORT_TYPES[form], f"audit-events.{form.value}")


@audit.route("/seals/")
class AuditSeals(MethodView):
    """The chain of seals."""

    @requires(Permission.READ_AUDIT)
    @audit.arguments(PageOnlySchema, location="query")
    @audit.response(200, SealPageSchema)
    def get(self, paging: PageRequest) -> Any:
        """List the seals over the practice's events, with the state of the chain."""
        return {**page_body(list_seals(actor(), paging)), "chain": chain_state(actor())}


@audit.route("/trail/")
class AuditTrail(MethodView):
    """The proof."""

    @requires(Permission.READ_AUDIT)
    @audit.response(200, _TEXT, content_type=TRAIL_TYPE)
    def get(self) -> Response:
        """Export the practice's sealed events with their seals, to be verified offline by `verify.py`."""
        return download(export_own_trail(actor()), TRAIL_TYPE, "trail.jsonl")

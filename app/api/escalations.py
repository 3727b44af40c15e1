"""Escalations (`/api/v1/triage/escalations/`): calling for help, and answering."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.triage.escalation import EscalationQuery, NewEscalation
from app.schemas.base import NothingSchema, page_of
from app.schemas.escalations import (
    EscalationOutcomeSchema,
    EscalationQuerySchema,
    EscalationSchema,
    NewEscalationSchema,
    ReassignmentSchema,
)
from app.services.triage.escalation_actions import acknowledge_escalation, reassign_escalation, resolve_escalation
from app.services.triage.escalations import EscalationLine, get_escalation, list_escalations, raise_escalation
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

escalations = EndpointGroup(
    "escalations", __name__, path="triage/escalations", description="Calling for help with a patient, and answering"
)


def _tagged(line: EscalationLine) -> Any:
    return line, etag(line.escalation.version)


@escalations.route("/")
class Escalations(MethodView):
    """The practice's escalations."""

    @requires(Permission.READ_TRIAGE)
    @escalations.arguments(EscalationQuerySchema, location="query")
    @escalations.response(200, page_of(EscalationSchema))
    def get(self, query: EscalationQuery) -> Any:
        """List escalations."""
        return page_body(list_escalations(actor(), query))

    @requires(Permission.WRITE_TRIAGE)
    @escalations.arguments(NewEscalationSchema)
    @escalations.response(201, EscalationSchema)
    def post(self, new: NewEscalation) -> Any:
        """Raise an escalation; while a STAT is open the patient is critical."""
        return _tagged(raise_escalation(actor(), new))


@escalations.route("/<uuid:escalation_id>/")
class OneEscalation(MethodView):
    """One escalation."""

    @requires(Permission.READ_TRIAGE)
    @escalations.response(200, EscalationSchema)
    def get(self, escalation_id: UUID) -> Any:
        """Return one escalation."""
        return _tagged(get_escalation(actor(), escalation_id))


@escalations.route("/<uuid:escalation_id>/acknowledge/")
class EscalationAcknowledgement(MethodView):
    """Taking an escalation on."""

    @requires(Permission.ACKNOWLEDGE_ALERTS)
    @escalations.arguments(NothingSchema, required=False)
    @escalations.response(200, EscalationSchema)
    def post(self, _: dict[str, Any], escalation_id: UUID) -> Any:
        """Acknowledge an escalation: nobody else is asked, and its alert counts as seen."""
        return _tagged(acknowledge_escalation(actor(), escalation_id, expected_version()))


@escalations.route("/<uuid:escalation_id>/reassign/")
class EscalationReassignment(MethodView):
    """Handing an escalation on."""

    @requires(Permission.WRITE_TRIAGE)
    @escalations.arguments(ReassignmentSchema)
    @escalations.response(200, EscalationSchema)
    def post(self, to: dict[str, Any], escalation_id: UUID) -> Any:
        """Hand an escalation to a person or a role, who must acknowledge it anew."""
        line = reassign_escalation(actor(), escalation_id, to.get("user_id"), to.get("role"), expected_version())
        return _tagged(line)


@escalations.route("/<uuid:escalation_id>/resolve/")
class EscalationResolution(MethodView):
    """Ending an escalation."""

    @requires(Permission.WRITE_TRIAGE)
    @escalations.arguments(EscalationOutcomeSchema)
    @escalations.response(200, EscalationSchema)
    def post(self, ended: dict[str, Any], escalation_id: UUID) -> Any:
        """Resolve an escalation with its outcome."""
        return _tagged(resolve_escalation(actor(), escalation_id, ended["outcome"], expected_version()))

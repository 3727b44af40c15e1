"""Evidence packets (`/api/v1/billing/entries/{id}/evidence/`)."""

from uuid import UUID

from flask import Response
from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.services.billing.evidence import build_evidence
from app.web.documents import attachment
from app.web.security import actor, requires

billing_evidence = EndpointGroup("billing_evidence", __name__, path="billing", description="Evidence packets")
ZIP = "application/zip"
_FILE = {ZIP: {"schema": {"type": "string", "format": "binary"}}}


@billing_evidence.route("/entries/<uuid:entry_id>/evidence/")
class BillingEvidence(MethodView):
    """What proves a line."""

    @requires(Permission.READ_BILLING)
    @billing_evidence.doc(responses={"200": {"description": "The packet.", "content": _FILE}})
    def post(self, entry_id: UUID) -> Response:
        """Build the line's evidence packet; refused, with what is missing, while it cannot be proved."""
        packet = build_evidence(actor(), entry_id)
        return attachment(ZIP, packet.name, len(packet.content), [packet.content])

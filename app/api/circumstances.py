"""Circumstances that billing must know (`/api/v1/patients/{id}/billing-circumstances/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.billing.facts import NewCircumstance
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import NothingSchema, PageOnlySchema, page_of
from app.schemas.billing_lines import CircumstanceSchema, NewCircumstanceSchema
from app.services.billing.circumstances import list_circumstances, record_circumstance, void_circumstance
from app.web.responses import page_body
from app.web.security import actor, requires

circumstances = EndpointGroup(
    "billing-circumstances", __name__, path="patients", description="What billing must know of a patient"
)


@circumstances.route("/<uuid:patient_id>/billing-circumstances/")
class BillingCircumstances(MethodView):
    """Training, visits, surgery, others who bill."""

    @requires(Permission.READ_PATIENTS)
    @circumstances.arguments(PageOnlySchema, location="query")
    @circumstances.response(200, page_of(CircumstanceSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's circumstances, the latest first."""
        return page_body(list_circumstances(actor(), patient_id, paging))

    @requires(Permission.WRITE_PATIENTS)
    @circumstances.arguments(NewCircumstanceSchema)
    @circumstances.response(201, CircumstanceSchema)
    def post(self, new: NewCircumstance, patient_id: UUID) -> Any:
        """Write a circumstance down, such as set-up and training."""
        return record_circumstance(actor(), patient_id, new)


@circumstances.route("/<uuid:patient_id>/billing-circumstances/<uuid:circumstance_id>/void/")
class BillingCircumstanceVoid(MethodView):
    """Entered in error."""

    @requires(Permission.WRITE_PATIENTS)
    @circumstances.arguments(NothingSchema, required=False)
    @circumstances.response(200, CircumstanceSchema)
    def post(self, _: dict[str, Any], patient_id: UUID, circumstance_id: UUID) -> Any:
        """Void a circumstance; it stays readable."""
        return void_circumstance(actor(), patient_id, circumstance_id)

"""Orders for a program of care (`/api/v1/patients/{id}/orders/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.enrolment.records import Ending, NewOrder, OrderRenewal
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.orders import NewOrderSchema, OrderSchema, RenewalSchema, StopSchema
from app.services.enrolment.orders import get_order, list_orders, record_order, renew_order, stop_order
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

orders = EndpointGroup("orders", __name__, path="patients", description="Orders for programs of care")


@orders.route("/<uuid:patient_id>/orders/")
class Orders(MethodView):
    """All orders of a patient."""

    @requires(Permission.READ_PATIENTS)
    @orders.arguments(PageOnlySchema, location="query")
    @orders.response(200, page_of(OrderSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's orders, the latest first."""
        return page_body(list_orders(actor(), patient_id, paging))

    @requires(Permission.WRITE_PATIENTS)
    @orders.arguments(NewOrderSchema)
    @orders.response(201, OrderSchema)
    def post(self, new: NewOrder, patient_id: UUID) -> Any:
        """Record an order."""
        shown = record_order(actor(), patient_id, new)
        return shown, etag(shown.order.version)


@orders.route("/<uuid:patient_id>/orders/<uuid:order_id>/")
class OneOrder(MethodView):
    """One order."""

    @requires(Permission.READ_PATIENTS)
    @orders.response(200, OrderSchema)
    def get(self, patient_id: UUID, order_id: UUID) -> Any:
        """Return one order."""
        shown = get_order(actor(), patient_id, order_id)
        return shown, etag(shown.order.version)


@orders.route("/<uuid:patient_id>/orders/<uuid:order_id>/renew/")
class OrderRenewals(MethodView):
    """Renewing an order."""

    @requires(Permission.WRITE_PATIENTS)
    @orders.arguments(RenewalSchema)
    @orders.response(201, OrderSchema)
    def post(self, renewal: OrderRenewal, patient_id: UUID, order_id: UUID) -> Any:
        """Record the order that follows; what is not said is as before."""
        shown = renew_order(actor(), patient_id, order_id, renewal, expected_version())
        return shown, etag(shown.order.version)


@orders.route("/<uuid:patient_id>/orders/<uuid:order_id>/stop/")
class OrderStop(MethodView):
    """Stopping an order."""

    @requires(Permission.WRITE_PATIENTS)
    @orders.arguments(StopSchema)
    @orders.response(200, OrderSchema)
    def post(self, ending: Ending, patient_id: UUID, order_id: UUID) -> Any:
        """Stop an order; on that day it no longer holds."""
        shown = stop_order(actor(), patient_id, order_id, ending, expected_version())
        return shown, etag(shown.order.version)

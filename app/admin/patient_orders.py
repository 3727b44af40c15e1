"""Recording, renewing and stopping an order."""

from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import filled_in, version_seen
from app.admin.patient_programs import codes_sent, done_in_tab, provider_sent
from app.domain.roles import Permission
from app.schemas.orders import NewOrderSchema, RenewalSchema, StopSchema
from app.services.enrolment.orders import record_order, renew_order, stop_order
from app.web.security import actor

_PART = "orders"
_DAYS = ("ordered_on", "starts_on", "ends_on", "renewal_due_on")


@console_page("/patients/<uuid:patient_id>/orders/new", Permission.WRITE_PATIENTS, methods=("POST",))
def add_order(patient_id: UUID) -> ResponseReturnValue:
    """Record an order."""
    return done_in_tab(patient_id, "order", lambda: _record(patient_id), _PART)


@console_page("/patients/<uuid:patient_id>/orders/<uuid:order_id>/renew", Permission.WRITE_PATIENTS, methods=("POST",))
def renew(patient_id: UUID, order_id: UUID) -> ResponseReturnValue:
    """Record the order that follows another."""
    return done_in_tab(patient_id, f"renew-{order_id}", lambda: _renew(patient_id, order_id), _PART)


@console_page("/patients/<uuid:patient_id>/orders/<uuid:order_id>/stop", Permission.WRITE_PATIENTS, methods=("POST",))
def stop(patient_id: UUID, order_id: UUID) -> ResponseReturnValue:
    """Stop an order before its end."""
    return done_in_tab(patient_id, f"stop-{order_id}", lambda: _stop(patient_id, order_id), _PART)


def _record(patient_id: UUID) -> UUID:
    body: dict[str, Any] = filled_in("program", *_DAYS) | codes_sent() | provider_sent()
    body["parameters"] = request.form.getlist("parameters")
    return record_order(actor(), patient_id, NewOrderSchema().load(body)).order.id


def _renew(patient_id: UUID, order_id: UUID) -> UUID:
    renewal = RenewalSchema().load(filled_in(*_DAYS))
    return renew_order(actor(), patient_id, order_id, renewal, version_seen()).order.id


def _stop(patient_id: UUID, order_id: UUID) -> UUID:
    ending = StopSchema().load(filled_in("reason", "stopped_on"))
    return stop_order(actor(), patient_id, order_id, ending, version_seen()).order.id

"""Calls with patients (`/api/v1/patients/{id}/calls/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.calls import NewCall
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.calls import CallSchema, NewCallSchema, RecordedCallSchema, VoidCallSchema
from app.services.billing.calls import ShownCall, get_call, list_calls, record_call, void_call
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

calls = EndpointGroup("calls", __name__, path="patients", description="Calls with patients")


def _tagged(shown: ShownCall) -> Any:
    return shown, etag(shown.call.version)


@calls.route("/<uuid:patient_id>/calls/")
class PatientCalls(MethodView):
    """The calls of one patient."""

    @requires(Permission.READ_CALLS)
    @calls.arguments(PageOnlySchema, location="query")
    @calls.response(200, page_of(CallSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's calls, the latest first."""
        return page_body(list_calls(actor(), patient_id, paging))

    @requires(Permission.WRITE_CALLS)
    @calls.arguments(NewCallSchema)
    @calls.response(201, RecordedCallSchema)
    def post(self, new: NewCall, patient_id: UUID) -> Any:
        """Record a call, or correct one by a new one; minutes in which somebody was reached are logged."""
        return _tagged(record_call(actor(), patient_id, new))


@calls.route("/<uuid:patient_id>/calls/<uuid:call_id>/")
class OneCall(MethodView):
    """One call."""

    @requires(Permission.READ_CALLS)
    @calls.response(200, CallSchema)
    def get(self, patient_id: UUID, call_id: UUID) -> Any:
        """Return one call."""
        return _tagged(get_call(actor(), patient_id, call_id))


@calls.route("/<uuid:patient_id>/calls/<uuid:call_id>/void/")
class CallVoid(MethodView):
    """Taking a call out of every count."""

    @requires(Permission.WRITE_CALLS)
    @calls.arguments(VoidCallSchema)
    @calls.response(200, CallSchema)
    def post(self, given: dict[str, str], patient_id: UUID, call_id: UUID) -> Any:
        """Void a call and its minutes; both stay on record."""
        return _tagged(void_call(actor(), patient_id, call_id, given["reason"], expected_version()))

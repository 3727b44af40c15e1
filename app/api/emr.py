"""The practice's medical record system: looking patients up (`/api/v1/patients/ecw/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.emr import EmrOrder, EmrQuery
from app.domain.roles import Permission
from app.schemas.emr import EmrOrderSchema, EmrOutcomeSchema, EmrPageSchema, EmrQuerySchema
from app.schemas.errors import PossibleDuplicateSchema
from app.schemas.patient_rows import read_patient
from app.services.emr.patients import import_from_emr, search_emr
from app.web.responses import cursor_body
from app.web.security import actor, requires

emr = EndpointGroup("emr", __name__, path="patients/ecw", description="Patients of the medical record system")


@emr.route("/search/")
class EmrPatients(MethodView):
    """Patients there."""

    @requires(Permission.WRITE_PATIENTS)
    @emr.arguments(EmrQuerySchema, location="query")
    @emr.response(200, EmrPageSchema)
    def get(self, query: EmrQuery) -> Any:
        """Look patients up by name, birth date or identifier."""
        page = search_emr(actor(), query)
        return cursor_body(page.matches, page.total, page.cursor)


@emr.route("/import/")
class EmrImport(MethodView):
    """Taking a patient over."""

    @requires(Permission.WRITE_PATIENTS)
    @emr.arguments(EmrOrderSchema)
    @emr.response(200, EmrOutcomeSchema)
    @emr.alt_response(201, schema=EmrOutcomeSchema, description="The patient is new here.")
    @emr.alt_response(
        409, schema=PossibleDuplicateSchema, description="The person may be known, or a preview is to be seen first."
    )
    def post(self, order: EmrOrder) -> Any:
        """Take a patient over; with `preview` only show what would change."""
        outcome = import_from_emr(actor(), order, read_patient)
        return outcome, 201 if outcome.status == "created" else 200

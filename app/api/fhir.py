"""Our data as FHIR R4 (`/api/v1/fhir/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.fhir.vitals import observation_of
from app.domain.roles import Permission
from app.schemas.fhir import FhirObservationSchema
from app.services.readings.observations import get_observation_facts
from app.web.responses import fhir_json
from app.web.security import actor, requires

fhir = EndpointGroup("fhir", __name__, description="Our data as FHIR R4")


@fhir.route("/observations/<uuid:observation_id>/")
class FhirObservations(MethodView):
    """Readings as Observations."""

    @requires(Permission.READ_FHIR)
    @fhir.response(200, FhirObservationSchema)
    def get(self, observation_id: UUID) -> Any:
        """Return a reading as the US Core vital sign that it is; a void one is `entered-in-error`."""
        return fhir_json(observation_of(get_observation_facts(actor(), observation_id)))

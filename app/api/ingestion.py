"""Readings coming in (`/api/v1/ingestion/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.vitals import BloodPressure
from app.schemas.readings import BloodPressureSchema, NewBloodPressureSchema
from app.services.readings.intake import record_blood_pressure
from app.web.security import actor, requires

ingestion = EndpointGroup("ingestion", __name__, description="Readings coming in")


@ingestion.route("/blood-pressure/")
class BloodPressureReadings(MethodView):
    """Cuff readings."""

    @requires(Permission.SUBMIT_READINGS)
    @ingestion.arguments(NewBloodPressureSchema)
    @ingestion.response(201, BloodPressureSchema)
    @ingestion.alt_response(200, schema=BloodPressureSchema, description="Delivered before: the first one.")
    def post(self, posted: tuple[UUID, BloodPressure]) -> Any:
        """Take in a blood pressure; a second delivery of the same reading answers 200 with the first."""
        recorded = record_blood_pressure(actor(), *posted)
        return recorded, 201 if recorded.is_new else 200

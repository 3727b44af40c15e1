"""A patient's timeline (`/api/v1/patients/{id}/timeline/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.timeline import TimelineQuery
from app.schemas.base import page_of
from app.schemas.timeline import TimelineItemSchema, TimelineQuerySchema
from app.services.patients.timeline import get_timeline
from app.web.responses import page_body
from app.web.security import actor, requires

timeline = EndpointGroup("timeline", __name__, path="patients", description="What happened to a patient")


@timeline.route("/<uuid:patient_id>/timeline/")
class Timeline(MethodView):
    """One feed of readings, alerts, notes, bills and whatever else is kept."""

    @requires(Permission.READ_PATIENTS)
    @timeline.arguments(TimelineQuerySchema, location="query")
    @timeline.response(200, page_of(TimelineItemSchema))
    def get(self, query: TimelineQuery, patient_id: UUID) -> Any:
        """List what happened, newest first; kinds that the role may not see are left out."""
        return page_body(get_timeline(actor(), patient_id, query))

"""A patient's line of the board and the score behind it (`/api/v1/triage/patients/{id}/`)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.triage.proposals import NewScoreOverride
from app.schemas.scores import NewScoreOverrideSchema, ScoreQuerySchema, ScoreSchema
from app.schemas.triage import BoardLineSchema
from app.services.triage.board import get_board_line
from app.services.triage.scores import end_override, get_score, override_score
from app.web.security import actor, requires

scores = EndpointGroup("scores", __name__, path="triage", description="Why a patient stands where they stand")


@scores.route("/patients/<uuid:patient_id>/")
class TriagePatient(MethodView):
    """One line of the board."""

    @requires(Permission.READ_TRIAGE)
    @scores.response(200, BoardLineSchema)
    def get(self, patient_id: UUID) -> Any:
        """Return one patient's line."""
        return get_board_line(actor(), patient_id)


@scores.route("/patients/<uuid:patient_id>/score/")
class Scores(MethodView):
    """The score explained."""

    @requires(Permission.READ_TRIAGE)
    @scores.arguments(ScoreQuerySchema, location="query")
    @scores.response(200, ScoreSchema)
    def get(self, query: dict[str, datetime | None], patient_id: UUID) -> Any:
        """Return the score with its parts, now or as it was shown at a moment."""
        return get_score(actor(), patient_id, query["as_of"])


@scores.route("/patients/<uuid:patient_id>/score/override/")
class ScoreOverrides(MethodView):
    """A clinician's own score."""

    @requires(Permission.OVERRIDE_SCORES)
    @scores.arguments(NewScoreOverrideSchema)
    @scores.response(201, ScoreSchema)
    def post(self, new: NewScoreOverride, patient_id: UUID) -> Any:
        """Set the score for a while; it is shown beside the computed one."""
        return override_score(actor(), patient_id, new)

    @requires(Permission.OVERRIDE_SCORES)
    @scores.response(200, ScoreSchema)
    def delete(self, patient_id: UUID) -> Any:
        """Take the override back."""
        return end_override(actor(), patient_id)

"""Who needs help first (`/api/v1/triage/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.triage.board import BoardQuery
from app.schemas.base import page_of
from app.schemas.triage import BoardLineSchema, BoardQuerySchema, LevelCountsSchema
from app.services.triage.board import count_levels, list_board
from app.web.responses import page_body
from app.web.security import actor, requires

triage = EndpointGroup("triage", __name__, description="Who needs help first")


@triage.route("/patients/")
class TriagePatients(MethodView):
    """The board."""

    @requires(Permission.READ_TRIAGE)
    @triage.arguments(BoardQuerySchema, location="query")
    @triage.response(200, page_of(BoardLineSchema))
    def get(self, query: BoardQuery) -> Any:
        """List patients by risk."""
        return page_body(list_board(actor(), query))


@triage.route("/patients/stats/")
class TriageStats(MethodView):
    """The board in four numbers."""

    @requires(Permission.READ_TRIAGE)
    @triage.response(200, LevelCountsSchema)
    def get(self) -> Any:
        """Count patients by risk level, against 24 hours before."""
        return count_levels(actor())

"""Emergency access (`/api/v1/auth/break-glass/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.break_glass import Declaration
from app.domain.paging import PageRequest
from app.domain.proof import Proof
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.break_glass import DeclarationSchema, DeclaredEpisodeSchema, EpisodeQuerySchema, EpisodeSchema
from app.services.accounts.break_glass import break_glass as take_emergency_access
from app.services.accounts.break_glass import end_break_glass, list_episodes
from app.web.responses import page_body
from app.web.security import actor, requires

break_glass = EndpointGroup("break_glass", __name__, path="auth/break-glass", description="Emergency access")


@break_glass.route("/")
class BreakGlassEpisodes(MethodView):
    """Emergency access: taking it, giving it back, and who took it."""

    @requires(Permission.READ_AUDIT)
    @break_glass.arguments(EpisodeQuerySchema, location="query")
    @break_glass.response(200, page_of(DeclaredEpisodeSchema))
    def get(self, paging: PageRequest) -> Any:
        """List the practice's episodes, newest first."""
        return page_body(list_episodes(actor(), paging))

    @requires(Permission.BREAK_GLASS)
    @break_glass.arguments(DeclarationSchema)
    @break_glass.response(201, EpisodeSchema)
    def post(self, declared: tuple[Declaration, Proof]) -> Any:
        """Take emergency access for this session."""
        return take_emergency_access(actor(), *declared)

    @requires(Permission.BREAK_GLASS)
    @break_glass.response(204)
    def delete(self) -> None:
        """End this session's emergency access before its time."""
        end_break_glass(actor())

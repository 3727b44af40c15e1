"""Open pages ask here whether they are still current. The answer is a mark, or 304 when it is the one they have."""

from uuid import UUID

from flask import Response, request
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.domain.roles import Permission
from app.schemas.triage import BoardQuerySchema
from app.services.triage.live import get_board_mark, get_patient_mark
from app.web.security import actor

_QUERY = BoardQuerySchema()  # made once: 200 open pages ask 50 times a second


@console_page("/live", Permission.READ_TRIAGE)
def live_board() -> ResponseReturnValue:
    """Answer for the page of the board that the query names."""
    return _marked(get_board_mark(actor(), load_query(_QUERY)))


@console_page("/patients/<uuid:patient_id>/live", Permission.READ_OBSERVATIONS)
def live_patient(patient_id: UUID) -> ResponseReturnValue:
    """Answer for a patient's readings."""
    return _marked(get_patient_mark(actor(), patient_id))


def _marked(mark: str) -> Response:
    """Answer 204 with the mark as ETag: the page then reads itself anew. Neither answer carries anything else."""
    response = Response(status=204)
    response.set_etag(mark)
    response.make_conditional(request)
    return response

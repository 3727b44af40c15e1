"""Readings coming in (`/api/v1/ingestion/`): one path a kind, made from the table of kinds."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.domain.vitals.batch import NewBatch
from app.domain.vitals.kinds import KINDS, VitalKind
from app.schemas.batches import BatchResultSchema, NewBatchSchema
from app.schemas.readings import NEW_READING_SCHEMAS, READING_SCHEMAS, Posted
from app.services.readings.batch import record_batch
from app.services.readings.intake import record_reading
from app.web.security import actor, requires

ingestion = EndpointGroup("ingestion", __name__, description="Readings coming in")


def _readings_of(kind: VitalKind) -> type[MethodView]:
    """Return the resource that takes in readings of one kind."""
    taken_in = READING_SCHEMAS[kind.type]

    @requires(Permission.SUBMIT_READINGS)
    @ingestion.arguments(NEW_READING_SCHEMAS[kind.type])
    @ingestion.response(201, taken_in)
    @ingestion.alt_response(200, schema=taken_in, description="Delivered before: the first one.")
    def post(self: MethodView, posted: Posted) -> Any:
        recorded = record_reading(actor(), *posted)
        return recorded, 201 if recorded.is_new else 200

    post.__doc__ = f"""Take in a reading: {kind.label.lower()}. A second delivery of it answers 200 with the first.

    A reading that cannot be true is stored with `status` quarantined, and waits for a clinician.
    """
    return type(f"{taken_in.__name__}Readings", (MethodView,), {"post": post, "__doc__": f"{kind.label}."})


for _kind in KINDS.values():
    ingestion.route(f"/{_kind.path}/")(_readings_of(_kind))


@ingestion.route("/batch/")
class Batches(MethodView):
    """Many readings at once."""

    @requires(Permission.SUBMIT_READINGS)
    @ingestion.arguments(NewBatchSchema)
    @ingestion.response(200, BatchResultSchema)
    def post(self, batch: NewBatch) -> Any:
        """Take in up to 1,000 readings of any kinds; one wrong item does not sink the rest unless `atomic`."""
        return record_batch(actor(), batch)

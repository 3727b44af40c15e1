"""The tab of everything that happened to a patient."""

from uuid import UUID

from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.patients import patient_tab
from app.domain.roles import Permission
from app.schemas.timeline import TimelineQuerySchema
from app.services.patients.timeline import get_timeline, visible_kinds
from app.web.security import actor

DATED = frozenset({"consent", "care_order", "enrollment", "billing_entry"})  # of which only the day is known


@console_page("/patients/<uuid:patient_id>/timeline", Permission.READ_PATIENTS)
def patient_timeline(patient_id: UUID) -> ResponseReturnValue:
    """Show what happened, newest first; of one kind when it is chosen."""
    query = load_query(TimelineQuerySchema())
    page = get_timeline(actor(), patient_id, query)
    kinds = visible_kinds(actor())
    return patient_tab("patient_timeline", patient_id, query=query, page=page, kinds=kinds, dated=DATED)

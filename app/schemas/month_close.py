"""How the month's close is asked for."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.billing.month_close import CLOSE_ORDERINGS, CloseFilter, CloseQuery
from app.domain.enrolment.programs import Program
from app.schemas.base import PageQuery, paging_of
from app.schemas.time_logs import MonthField


class CloseQuerySchema(PageQuery):
    """Which month of which program, whom of it, in which order."""

    month = MonthField(metadata={"description": "YYYY-MM; the practice's present month by default."})
    chosen = fields.Enum(CloseFilter, by_value=True, data_key="only", attribute="only")
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)
    ordering = fields.String(load_default="ends", validate=validate.OneOf(CLOSE_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> CloseQuery:
        return CloseQuery(paging=paging_of(data), **data)

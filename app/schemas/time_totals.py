"""Shapes of a month of time: totals, and what is missing."""

from typing import Any

from marshmallow import fields, post_load

from app.domain.billing.time_gaps import TimeGapKind
from app.domain.billing.time_logs import MonthQuery
from app.domain.enrolment.programs import Program
from app.schemas.base import PageQuery, Row, paging_of
from app.schemas.fields import Day
from app.schemas.time_logs import MonthField, in_seconds


class MonthQuerySchema(PageQuery):
    """Which month, of whom, in which program."""

    month = MonthField(metadata={"description": "YYYY-MM, as days are counted where the patient lives; this month."})
    patient_id = fields.UUID()
    program = fields.Enum(Program, by_value=True)

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> MonthQuery:
        return MonthQuery(paging=paging_of(data), **data)


class _OfPatient(Row):
    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.Function(
        lambda shown: f"{shown.patient.first_name} {shown.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    month = fields.Function(lambda shown: str(shown.month), required=True, metadata={"type": "string"})


class TimeTotalSchema(_OfPatient):
    """A patient's month in one program."""

    program = fields.Function(
        lambda shown: shown.total.program.value, required=True, metadata={"type": "string"}
    )  # fmt: skip
    seconds = fields.Function(
        lambda shown: in_seconds(shown.total.counted),
        required=True,
        metadata={"type": "number", "description": "What counts; minutes of two people at once are counted once."},
    )
    interactive_seconds = fields.Function(
        lambda shown: in_seconds(shown.total.interactive), required=True, metadata={"type": "number"}
    )
    live_contacts = fields.Integer(required=True, attribute="total.live_contacts")
    doubled_seconds = fields.Function(
        lambda shown: in_seconds(shown.total.doubled),
        required=True,
        metadata={"type": "number", "description": "Logged by several people at once, and counted once."},
    )
    not_counted_seconds = fields.Function(
        lambda shown: in_seconds(shown.total.not_counted),
        required=True,
        metadata={"type": "number", "description": "Of non-clinical staff."},
    )
    entries = fields.Integer(required=True, attribute="total.entries")


class TimeGapSchema(_OfPatient):
    """Something that is missing before the month's time can be billed."""

    kind = fields.Function(
        lambda shown: shown.gap.kind.value,
        required=True,
        metadata={"type": "string", "enum": [kind.value for kind in TimeGapKind]},
    )
    program = fields.Function(lambda shown: shown.gap.program.value, required=True, metadata={"type": "string"})
    on = Day(required=True, allow_none=True, attribute="gap.on")
    time_log_ids = fields.Function(
        lambda shown: [str(one) for one in shown.gap.time_log_ids],
        required=True,
        metadata={"type": "array", "items": {"type": "string", "format": "uuid"}},
    )

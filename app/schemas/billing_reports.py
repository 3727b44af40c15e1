"""Shapes of the billing reports."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.billing.entries import EntryStatus
from app.domain.billing.insight import MonthReportQuery, RevenueGroup, RevenueQuery
from app.domain.enrolment.programs import Program
from app.domain.paging import PageRequest
from app.schemas.base import Body, FileQuery, PageQuery, Row, contents_of, paging_of
from app.schemas.fields import Day
from app.schemas.time_logs import MonthField

_MONTH = {"description": "YYYY-MM, as days are counted where the patient lives; this month."}
_PROGRAM = validate.OneOf([one.value for one in Program])
_GROUPS = {"description": "month, code, payer, provider, status: one or several with commas between."}


class RevenueQuerySchema(Body):
    """Which lines, summed by what."""

    group_by = fields.String(load_default="month,code", metadata=_GROUPS)
    date_from = Day(metadata={"description": "Earliest service date, inclusive."})
    date_to = Day(metadata={"description": "Latest service date, inclusive."})
    status = fields.Enum(EntryStatus, by_value=True, metadata={"description": "By default all that are not void."})

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> RevenueQuery:
        try:
            groups = tuple(dict.fromkeys(RevenueGroup(one.strip()) for one in data.pop("group_by").split(",")))
        except ValueError as error:
            raise ValidationError("Must be among month, code, payer, provider, status.", "group_by") from error
        return RevenueQuery(groups, **contents_of(data))


class RevenueFileSchema(RevenueQuerySchema, FileQuery):
    """Likewise, as a file."""


class RevenueRowSchema(Row):
    """One group."""

    group = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True), required=True)
    lines = fields.Integer(required=True)
    units = fields.Integer(required=True)
    amount = fields.Raw(required=True, metadata={"type": "number"})


class RevenueSchema(Row):
    """All groups, and the whole."""

    group_by = fields.List(fields.Enum(RevenueGroup, by_value=True), required=True)
    rows = fields.List(fields.Nested(RevenueRowSchema), required=True)
    lines = fields.Integer(required=True)
    units = fields.Integer(required=True)
    amount = fields.Raw(required=True, metadata={"type": "number"})


class MonthReportQuerySchema(PageQuery):
    """Which month, and of which program."""

    month = MonthField(metadata=_MONTH)
    program = fields.Enum(Program, by_value=True, metadata={"description": "By default all."})

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> MonthReportQuery:
        return MonthReportQuery(paging=paging_of(data), **data)


class MonthReportSelectionSchema(FileQuery):
    """Which month, and of which program, all of it."""

    month = MonthField(metadata=_MONTH)
    program = fields.Enum(Program, by_value=True, metadata={"description": "By default all."})

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> MonthReportQuery:
        return MonthReportQuery(paging=PageRequest(), **contents_of(data))


class _RowSchema(Row):
    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.String(required=True, attribute="name")
    program = fields.String(required=True, attribute="row.program.value", validate=_PROGRAM)


class ComplianceRowSchema(_RowSchema):
    """Days with data and minutes of one patient's month."""

    month = fields.Function(
        lambda shown: f"{shown.row.month.starts_on:%Y-%m}", required=True, metadata={"type": "string"}
    )  # fmt: skip
    period_start = Day(required=True, allow_none=True, attribute="row.period_start")
    period_end = Day(required=True, allow_none=True, attribute="row.period_end")
    days_with_data = fields.Integer(required=True, attribute="row.days")
    seconds = fields.Integer(required=True, attribute="row.seconds")
    live_contacts = fields.Integer(required=True, attribute="row.live_contacts")
    billable_codes = fields.List(fields.String(), required=True, attribute="row.billable")


class LeakRowSchema(_RowSchema):
    """One line that was almost billable."""

    cpt_code = fields.String(required=True, attribute="row.code")
    window_start = Day(required=True, attribute="row.window.starts_on")
    window_end = Day(required=True, attribute="row.window.ends_on")
    days_with_data = fields.Integer(required=True, attribute="row.days")
    seconds = fields.Integer(required=True, attribute="row.seconds")
    amount = fields.Raw(required=True, allow_none=True, attribute="row.amount", metadata={"type": "number"})
    reasons = fields.List(fields.String(), required=True, attribute="row.reasons")
    is_recoverable = fields.Boolean(
        required=True,
        attribute="row.is_recoverable",
        metadata={"description": "The window is open still, or only papers are missing."},
    )
    lost_days = fields.Function(
        lambda shown: dict(shown.row.lost_days),
        required=True,
        metadata={"type": "object", "description": "Days with readings none of which counts, by reason."},
    )

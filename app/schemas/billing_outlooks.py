"""Shapes of the forecast, its backtest and the worklist."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.billing.forecast import Standing
from app.domain.billing.insight import OUTLOOK_ORDERINGS, OutlookQuery
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, FileQuery, PageQuery, Row, contents_of, paging_of
from app.schemas.fields import Day, Instant

_STANDING = validate.OneOf([one.value for one in Standing])
_PROGRAM = validate.OneOf([one.value for one in Program])
_CLOCK = validate.OneOf(["days", "minutes"])


def _program(**default: Any) -> fields.Field[Any]:
    words = "Only of this program; advanced primary care has no thresholds."
    return fields.Enum(Program, by_value=True, metadata={"description": words}, **default)


def _number(path: str, words: str = "") -> fields.Raw:
    return fields.Raw(required=True, attribute=path, metadata={"type": "number", "description": words})


class OutlookSelectionSchema(FileQuery):
    """Which windows."""

    as_of = Instant(
        metadata={"description": "As if it were then: the same facts give the same answer. By default now."}
    )
    patient_id = fields.UUID()
    clock = fields.String(validate=_CLOCK, metadata={"description": "30-day periods, or months of minutes."})
    program = _program()
    ordering = fields.String(load_default="-at_stake", validate=validate.OneOf(OUTLOOK_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> OutlookQuery:
        return OutlookQuery(paging=paging_of({"page": 1, "page_size": 100}), **contents_of(data))


class OutlookQuerySchema(PageQuery):
    """Which windows, and which page of them."""

    as_of = Instant(
        metadata={"description": "As if it were then: the same facts give the same answer. By default now."}
    )
    patient_id = fields.UUID()
    clock = fields.String(validate=_CLOCK, metadata={"description": "30-day periods, or months of minutes."})
    program = _program()
    ordering = fields.String(load_default="-at_stake", validate=validate.OneOf(OUTLOOK_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> OutlookQuery:
        return OutlookQuery(paging=paging_of(data), **data)


class ChanceSchema(Row):
    """One threshold: days with data, or seconds."""

    threshold = fields.String(required=True)
    so_far = fields.Integer(required=True)
    target = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    probability = fields.Float(required=True, metadata={"description": "1 when reached, 0 when out of reach, exactly."})
    standing = fields.String(required=True, validate=_STANDING)
    act_by = Day(required=True, allow_none=True, metadata={"description": "The last day on which acting still helps."})


class ReasonSchema(Row):
    """One reason, in words and numbers."""

    text = fields.String(required=True)
    inputs = fields.Dict(keys=fields.String(), required=True)


class _OutlookSchema(Row):
    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.String(required=True, attribute="name")
    clock = fields.String(required=True, attribute="outlook.clock", validate=_CLOCK)
    program = fields.String(required=True, attribute="outlook.program.value", validate=_PROGRAM)
    window_start = Day(required=True, attribute="outlook.forecast.window.starts_on")
    window_end = Day(required=True, attribute="outlook.forecast.window.ends_on")
    days_left = fields.Integer(required=True, attribute="outlook.forecast.days_left")
    has_live_contact = fields.Boolean(required=True, allow_none=True, attribute="outlook.has_live_contact")
    gaps = fields.List(fields.String(), required=True, attribute="outlook.gaps")
    at_stake = _number("outlook.forecast.at_stake", "Dollars that may still be won or lost.")


class ForecastSchema(_OutlookSchema):
    """One window's forecast."""

    as_of = Day(required=True, attribute="outlook.forecast.as_of")
    chances = fields.List(fields.Nested(ChanceSchema), required=True, attribute="outlook.forecast.chances")
    secured = _number("outlook.forecast.secured")
    expected = _number("outlook.forecast.expected")
    best = _number("outlook.forecast.best")
    expected_delta = _number(
        "outlook.forecast.expected_gain",
        "Expected dollars beyond what is sure: of a period the way from 99445 to 99454.",
    )
    reasons = fields.List(fields.Nested(ReasonSchema), required=True, attribute="outlook.forecast.reasons")


class WorkItemSchema(_OutlookSchema):
    """One window in which something is left to do, or was lost."""

    next_step = fields.Nested(ChanceSchema, required=True, allow_none=True, attribute="outlook.next_step")
    needed = fields.String(required=True, attribute="outlook.needed")
    is_lost = fields.Boolean(required=True, attribute="outlook.is_lost")


class BacktestQuerySchema(Body):
    """As of when, and of which program."""

    as_of = Instant(load_default=None, allow_none=True)
    program = _program(load_default=Program.RPM)


class BinSchema(Row):
    """A tenth of the probabilities."""

    low = fields.Float(required=True)
    high = fields.Float(required=True)
    count = fields.Integer(required=True)
    mean_forecast = fields.Float(required=True, allow_none=True)
    share_happened = fields.Float(required=True, allow_none=True)


class ThresholdBacktestSchema(Row):
    """How good the forecasts of one threshold were."""

    threshold = fields.String(required=True)
    count = fields.Integer(required=True, attribute="result.count")
    brier = fields.Float(required=True, allow_none=True, attribute="result.brier")
    base_rate = fields.Float(required=True, allow_none=True, attribute="result.base_rate")
    base_rate_brier = fields.Float(required=True, allow_none=True, attribute="result.base_rate_brier")
    beats_base_rate = fields.Boolean(required=True, attribute="result.beats_base_rate")
    bins = fields.List(fields.Nested(BinSchema), required=True, attribute="result.bins")


class BacktestSchema(Row):
    """By threshold."""

    thresholds = fields.List(fields.Nested(ThresholdBacktestSchema), required=True)

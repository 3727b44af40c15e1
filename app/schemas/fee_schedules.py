"""Shapes of fee schedules: by date, locality and payer, with a line for each code."""

from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.billing.books import NewFeeSchedule, ScheduleQuery, repeated
from app.domain.billing.codes import CPT_LABELS
from app.domain.billing.fees import Fee, Locality
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Day, Instant, Money, Text, YesNo

_DECIMALS = 4


class Factor(fields.Field[Decimal]):
    """A number with at most four decimals between two bounds, both inclusive. Never text, never true."""

    def __init__(self, *, low: str, high: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.low, self.high = Decimal(low), Decimal(high)
        self.metadata = {**self.metadata, "type": "number", "minimum": float(low), "maximum": float(high)}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("Not a valid number.")
        number = Decimal(value)
        if not self.low <= number <= self.high:
            raise ValidationError(f"Must be between {self.low} and {self.high}.")
        if -int(number.as_tuple().exponent) > _DECIMALS:
            raise ValidationError(f"More than {_DECIMALS} decimals.")
        return number


def _number(**about: Any) -> fields.Raw:
    return fields.Raw(required=True, metadata={"type": "number"}, **about)


class NewFeeSchema(Body):
    """What one code is worth: in dollars, in total RVUs (where all indexes are 1), or in RVUs by part."""

    code = fields.String(required=True, validate=validate.OneOf(sorted(CPT_LABELS)))
    total_rvu = Factor(low="0", high="1000", load_default=None, allow_none=True)
    work_rvu = Factor(low="0", high="1000", load_default=None, allow_none=True)
    practice_rvu = Factor(low="0", high="1000", load_default=None, allow_none=True)
    malpractice_rvu = Factor(low="0", high="1000", load_default=None, allow_none=True)
    amount = Money(load_default=None, allow_none=True)
    source = Text(longest=200, load_default=None, allow_none=True, metadata={"description": "Where it is from."})

    @post_load
    def _fee(self, data: dict[str, Any], **_: Any) -> Fee:
        return Fee(**data)


class NewFeeScheduleSchema(Body):
    """A schedule with its lines. GPCIs are 1 for the nation; without `payer_id` it is everybody's."""

    name = Text(longest=120, required=True)
    effective_from = Day(required=True)
    effective_to = Day(load_default=None, allow_none=True)
    payer_id = fields.UUID(load_default=None, allow_none=True)
    conversion_factor = Factor(low="0.0001", high="1000", required=True)
    gpci_work = Factor(low="0.1", high="5", load_default=Decimal(1))
    gpci_practice = Factor(low="0.1", high="5", load_default=Decimal(1))
    gpci_malpractice = Factor(low="0.1", high="5", load_default=Decimal(1))
    fees = fields.List(fields.Nested(NewFeeSchema), load_default=list, validate=validate.Length(max=len(CPT_LABELS)))

    @post_load
    def _schedule(self, data: dict[str, Any], **_: Any) -> NewFeeSchedule:
        twice = repeated(data["fees"])
        if twice:
            raise ValidationError(f"{', '.join(sorted(twice))} stands more than once.", "fees")
        place = Locality(*(data.pop(f"gpci_{part}") for part in ("work", "practice", "malpractice")))
        return NewFeeSchedule(**{**data, "locality": place, "fees": tuple(data["fees"])})


class FeeScheduleChangesSchema(Body):
    """What is to be changed of a schedule; prices are not: a new price is a newer schedule."""

    name = Text(longest=120)
    effective_to = Day(allow_none=True)
    in_use = YesNo()


class FeeSchema(Row):
    """A line of a schedule; `pays` is one unit's dollars there, null where they cannot be reckoned."""

    code = fields.String(required=True, attribute="fee.code")
    total_rvu = _number(allow_none=True, attribute="fee.total_rvu")
    work_rvu = _number(allow_none=True, attribute="fee.work_rvu")
    practice_rvu = _number(allow_none=True, attribute="fee.practice_rvu")
    malpractice_rvu = _number(allow_none=True, attribute="fee.malpractice_rvu")
    amount = _number(allow_none=True, attribute="fee.amount")
    confidence = fields.String(required=True, attribute="fee.confidence")
    source = fields.String(required=True, allow_none=True, attribute="fee.source")
    pays = _number(allow_none=True)


class FeeScheduleSchema(Row):
    """A fee schedule."""

    id = fields.UUID(required=True, attribute="row.id")
    name = fields.String(required=True, attribute="row.name")
    payer_id = fields.UUID(required=True, allow_none=True, attribute="row.payer_id")
    payer = fields.String(required=True, allow_none=True)
    effective_from = Day(required=True, attribute="row.effective_from")
    effective_to = Day(required=True, allow_none=True, attribute="row.effective_to")
    conversion_factor = _number(attribute="row.conversion_factor")
    gpci_work = _number(attribute="row.gpci_work")
    gpci_practice = _number(attribute="row.gpci_practice")
    gpci_malpractice = _number(attribute="row.gpci_malpractice")
    in_use = fields.Boolean(required=True, attribute="row.in_use")
    fees = fields.List(fields.Nested(FeeSchema), required=True)
    created_at = Instant(required=True, attribute="row.created_at")


class ScheduleQuerySchema(PageQuery):
    """How to list schedules."""

    on = Day(metadata={"description": "Those in force on this service date."})
    payer_id = fields.UUID()

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> ScheduleQuery:
        return ScheduleQuery(paging=paging_of(data), **data)

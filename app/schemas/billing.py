"""Shapes of the billing ledger."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.billing.entries import (
    CPT_LABELS,
    ENTRY_ORDERINGS,
    EntryQuery,
    EntryStatus,
    NewBillingEntry,
)
from app.domain.diagnoses import ICD10_FORM, is_icd10_format
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Day, Instant, Money, Text, Whole

MAX_CODES = 12  # diagnoses a professional claim carries


_PERIOD = {"description": "Of device supply: the first of its 30 days. By default they end on the service date."}


def refuse_malformed_codes(codes: list[str]) -> None:
    """Raise ValidationError for what has not the form of a diagnosis code."""
    if any(not is_icd10_format(code) for code in codes):
        raise ValidationError("Not in the form of ICD-10-CM, such as I10 or E11.65.", "icd10_codes")


class NewEntrySchema(Body):
    """A line to enter by hand."""

    patient_id = fields.UUID(required=True)
    cpt_code = fields.String(required=True, validate=validate.OneOf(sorted(CPT_LABELS)))
    service_date = Day(required=True)
    duration_minutes = Whole(low=1, high=1440, allow_none=True)
    amount = Money(required=True)
    payer = Text(longest=120, allow_none=True)
    icd10_codes = fields.List(
        Text(longest=8, form=ICD10_FORM), load_default=list, validate=validate.Length(max=MAX_CODES)
    )
    notes = Text(longest=2000, blank=True, load_default="")
    units = Whole(low=1, high=99, load_default=1)
    period_start = Day(load_default=None, allow_none=True, metadata=_PERIOD)

    @post_load
    def _entry(self, data: dict[str, Any], **_: Any) -> NewBillingEntry:
        refuse_malformed_codes(data["icd10_codes"])
        return NewBillingEntry(**{**data, "icd10_codes": tuple(data["icd10_codes"])})


class EntrySchema(Row):
    """A line of the ledger."""

    id = fields.UUID(required=True, attribute="entry.id")
    patient_id = fields.UUID(required=True, attribute="entry.patient_id")
    patient_name = fields.Function(
        lambda line: f"{line.patient.first_name} {line.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    cpt_code = fields.String(required=True, attribute="entry.cpt_code")
    service_date = Day(required=True, attribute="entry.service_date")
    duration_minutes = fields.Integer(required=True, allow_none=True, attribute="entry.duration_minutes")
    amount = fields.Raw(required=True, attribute="entry.amount", metadata={"type": "number"})
    status = fields.String(
        required=True,
        attribute="entry.status",
        validate=validate.OneOf([status.value for status in EntryStatus]),
    )
    payer = fields.String(required=True, allow_none=True, attribute="entry.payer")
    icd10_codes = fields.List(fields.String(), required=True, attribute="entry.icd10_codes")
    notes = fields.String(required=True, attribute="entry.notes")
    auto_generated = fields.Boolean(required=True, attribute="entry.auto_generated")
    created_at = Instant(required=True, attribute="entry.created_at")


class EntryQuerySchema(PageQuery):
    """How to list the ledger."""

    date_from = Day(metadata={"description": "Earliest service date, inclusive."})
    date_to = Day(metadata={"description": "Latest service date, inclusive."})
    status = fields.Enum(EntryStatus, by_value=True)
    cpt_code = fields.String(validate=validate.OneOf(sorted(CPT_LABELS)))
    patient_id = fields.UUID()
    ordering = fields.String(load_default="-service_date", validate=validate.OneOf(ENTRY_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> EntryQuery:
        return EntryQuery(paging=paging_of(data), **data)

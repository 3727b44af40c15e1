"""Shapes of one billing line: its changes, its life cycle, its proof; of engine runs and of impacts."""

from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.billing.entries import EntryStatus, ImpactQuery
from app.domain.billing.facts import CircumstanceKind, NewCircumstance
from app.domain.billing.reconcile import ImpactKind
from app.domain.billing.runs import RunRequest
from app.domain.billing.therapy import DATA_OF
from app.domain.diagnoses import ICD10_FORM
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.billing import MAX_CODES, EntrySchema, refuse_malformed_codes
from app.schemas.fields import Day, Instant, Money, Text, Whole

_STATUS = validate.OneOf([status.value for status in EntryStatus])
_LONGEST = 2000


class EntryChangesSchema(Body):
    """What is to be changed of a line: of a pending one by hand anything, of any other the notes."""

    service_date = Day()
    duration_minutes = Whole(low=1, high=1440, allow_none=True)
    amount = Money()
    payer = Text(longest=120, allow_none=True)
    icd10_codes = fields.List(Text(longest=8, form=ICD10_FORM), validate=validate.Length(max=MAX_CODES))
    notes = Text(longest=_LONGEST, blank=True)
    units = Whole(low=1, high=99)
    period_start = Day(allow_none=True)

    @post_load
    def _changes(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        refuse_malformed_codes(data.get("icd10_codes", []))
        return data


class SubmitSchema(Body):
    """Sending a line out."""

    may_be_left_out = True

    override_reason = Text(
        longest=_LONGEST,
        load_default=None,
        metadata={"description": "Why the line goes out although the double-count guard refuses it; kept in history."},
    )


class StatusNoteSchema(Body):
    """A word on a step."""

    may_be_left_out = True

    note = Text(longest=_LONGEST, load_default=None)


class StatusReasonSchema(Body):
    """Why a line was denied or is void."""

    reason = Text(longest=_LONGEST, required=True)


class EntryChangeSchema(Row):
    """One step of a line; nobody as `changed_by` is the engine."""

    from_status = fields.String(required=True, validate=_STATUS)
    to_status = fields.String(required=True, validate=_STATUS)
    changed_at = Instant(required=True)
    changed_by = fields.Integer(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)


class ConflictSchema(Row):
    """What a line clashes with, by the rule of the double-count guard."""

    rule = fields.String(required=True)
    detail = fields.String(required=True)
    ids = fields.List(fields.UUID(), required=True)
    is_hard = fields.Boolean(required=True, metadata={"description": "False: a warning that keeps nothing back."})


class EntryDetailSchema(EntrySchema):
    """A line with its clock, its rules, the ids that prove it, its history, and what it clashes with."""

    units = fields.Integer(required=True, attribute="entry.units")
    seconds = fields.Integer(required=True, allow_none=True, attribute="entry.seconds")
    period_start = Day(required=True, allow_none=True, attribute="entry.period_start")
    period_end = Day(required=True, allow_none=True, attribute="entry.period_end")
    service_month = Day(required=True, allow_none=True, attribute="entry.service_month")
    rule_set_id = fields.String(required=True, allow_none=True, attribute="entry.rule_set_id")
    rule_set_hash = fields.String(required=True, allow_none=True, attribute="entry.rule_set_hash")
    evidence = fields.Dict(required=True, attribute="entry.evidence")
    void_cause = fields.String(required=True, allow_none=True, attribute="entry.void_cause")
    history = fields.List(fields.Nested(EntryChangeSchema), required=True)
    conflicts = fields.List(fields.Nested(ConflictSchema), required=True)


class RunRequestSchema(Body):
    """What the engine is to judge: a month, or what is recent; one patient, or all."""

    may_be_left_out = True

    month = fields.String(
        load_default=None, allow_none=True, validate=validate.Regexp(r"^20[0-9]{2}-(0[1-9]|1[0-2])$"),
        metadata={"description": "YYYY-MM; by default the last two months.", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"},
    )  # fmt: skip
    patient_id = fields.UUID(load_default=None, allow_none=True)

    @post_load
    def _request(self, data: dict[str, Any], **_: Any) -> RunRequest:
        month = data["month"]
        return RunRequest(date.fromisoformat(f"{month}-01") if month else None, data["patient_id"])


class RunResultSchema(Schema):
    """What a run did."""

    patients = fields.Integer(required=True)
    entered = fields.Integer(required=True)
    refreshed = fields.Integer(required=True)
    reinstated = fields.Integer(required=True)
    taken_back = fields.Integer(required=True)
    impacts = fields.Integer(required=True)


class ImpactSchema(Row):
    """What late facts did to a line that was no longer pending."""

    id = fields.UUID(required=True, attribute="impact.id")
    entry_id = fields.UUID(required=True, attribute="impact.entry_id")
    patient_id = fields.UUID(required=True, attribute="impact.patient_id")
    patient_name = fields.Function(
        lambda shown: f"{shown.patient.first_name} {shown.patient.last_name}",
        required=True,
        metadata={"type": "string"},
    )
    cpt_code = fields.String(required=True, attribute="entry.cpt_code")
    entry_status = fields.String(required=True, attribute="entry.status", validate=_STATUS)
    kind = fields.String(
        required=True, attribute="impact.kind", validate=validate.OneOf([kind.value for kind in ImpactKind])
    )
    before = fields.Dict(required=True, attribute="impact.before")
    after = fields.Dict(required=True, attribute="impact.after")
    suggestion = fields.String(required=True, attribute="impact.suggestion")
    created_at = Instant(required=True, attribute="impact.created_at")
    acknowledged_at = Instant(required=True, allow_none=True, attribute="impact.acknowledged_at")
    acknowledged_by = fields.Integer(required=True, allow_none=True, attribute="impact.acknowledged_by")
    note = fields.String(required=True, allow_none=True, attribute="impact.note")


class ImpactQuerySchema(PageQuery):
    """How to list impacts."""

    acknowledged = fields.Boolean(
        attribute="is_acknowledged", truthy={"true"}, falsy={"false"}, metadata={"description": "true or false."}
    )
    patient_id = fields.UUID()
    entry_id = fields.UUID()

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> ImpactQuery:
        return ImpactQuery(paging=paging_of(data), **data)


class NewCircumstanceSchema(Body):
    """A circumstance to write down: training and visits are of one day, therapeutic data of one unless it ends later,
    the others last until their end."""

    kind = fields.Enum(CircumstanceKind, by_value=True, required=True)
    starts_on = Day(required=True)
    ends_on = Day(load_default=None, allow_none=True)
    program = fields.Enum(Program, by_value=True, load_default=None, allow_none=True)
    practitioner_id = Whole(low=1, load_default=None, allow_none=True)
    note = Text(longest=_LONGEST, blank=True, load_default="")

    @post_load
    def _circumstance(self, data: dict[str, Any], **_: Any) -> NewCircumstance:
        if data["kind"] in {CircumstanceKind.SETUP_TRAINING, CircumstanceKind.EM_VISIT}:
            if data["ends_on"] not in {None, data["starts_on"]}:
                raise ValidationError("It is of one day.", "ends_on")
            data["ends_on"] = data["starts_on"]
        if data["kind"] in DATA_OF and data["ends_on"] is None:
            data["ends_on"] = data["starts_on"]
        return NewCircumstance(**data)


class CircumstanceSchema(Row):
    """A circumstance that billing must know."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in CircumstanceKind]))
    program = fields.String(required=True, allow_none=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)
    practitioner_id = fields.Integer(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    recorded_by = fields.Integer(required=True)
    created_at = Instant(required=True)
    voided_at = Instant(required=True, allow_none=True)

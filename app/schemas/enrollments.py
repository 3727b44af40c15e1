"""Shapes of enrolments."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.enrolment.programs import DischargeOutcome, DischargeReason, Program
from app.domain.enrolment.records import ENROLLMENT_ORDERINGS, Discharge, EnrollmentQuery, NewEnrollment
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.consents import PROGRAMS
from app.schemas.fields import Day, Instant, Text, YesNo
from app.schemas.orders import Codes, OrderingProviderSchema, Parameters, ShownProviderSchema

_REASONS = validate.OneOf([reason.value for reason in DischargeReason])
_OUTCOMES = validate.OneOf([outcome.value for outcome in DischargeOutcome])
_LAST_DAY = {"description": "The last day that counts; none: until discharged."}


class NewEnrollmentSchema(Body):
    """An enrolment: with `order_id` of an order on record, or with the order itself (provider, date, parameters)."""

    program = fields.Enum(Program, by_value=True, required=True)
    starts_on = Day(required=True)
    ends_on = Day(load_default=None, allow_none=True, metadata=_LAST_DAY)
    order_id = fields.UUID(load_default=None, allow_none=True)
    ordering_provider = fields.Nested(OrderingProviderSchema, load_default=None, allow_none=True)
    ordered_on = Day(load_default=None, allow_none=True)
    parameters = Parameters(load_default=list)
    diagnosis_codes = Codes(load_default=list)
    initiating_visit_on = Day(load_default=None, allow_none=True)
    starts_new_episode = YesNo(
        load_default=None,
        allow_none=True,
        metadata={"description": "By default a new episode of care begins only after the former met its goals."},
    )

    @post_load
    def _enrollment(self, data: dict[str, Any], **_: Any) -> NewEnrollment:
        provider, codes = data.pop("ordering_provider"), tuple(data.pop("diagnosis_codes"))
        data["parameters"] = tuple(data["parameters"])
        if data["order_id"] and (provider or data["ordered_on"] or data["parameters"]):
            raise ValidationError("Give either the id of an order on record or a new order.", "order_id")
        if (provider is None) is not (data["ordered_on"] is None):
            raise ValidationError("A new order needs both who ordered and when.", "ordered_on")
        if provider is None and data["parameters"]:
            raise ValidationError("Parameters belong to an order.", "parameters")
        return NewEnrollment(provider=provider, diagnoses=codes, **data)


class EnrollmentChanges(Body):
    """What may be changed of an enrolment."""

    starts_on = Day()
    ends_on = Day(allow_none=True, metadata=_LAST_DAY)
    order_id = fields.UUID(allow_none=True)
    diagnosis_codes = Codes(attribute="diagnoses")
    initiating_visit_on = Day(allow_none=True)


class DischargeSchema(Body):
    """Why, with which outcome, and on which last day an enrolment ends."""

    reason = fields.Enum(DischargeReason, by_value=True, required=True)
    outcome = fields.Enum(DischargeOutcome, by_value=True, required=True)
    discharged_on = Day(
        load_default=None, allow_none=True, metadata={"description": "The last day that counts; today."}
    )
    note = Text(longest=2000, blank=True, load_default="")

    @post_load
    def _discharge(self, data: dict[str, Any], **_: Any) -> Discharge:
        return Discharge(**data)


class EnrollmentSchema(Row):
    """An enrolment."""

    id = fields.UUID(required=True, attribute="enrollment.id")
    patient_id = fields.UUID(required=True, attribute="enrollment.patient_id")
    program = fields.String(required=True, attribute="enrollment.program", validate=PROGRAMS)
    starts_on = Day(required=True, attribute="enrollment.starts_on")
    ends_on = Day(required=True, allow_none=True, attribute="enrollment.ends_on")
    episode_id = fields.UUID(required=True, attribute="enrollment.episode_id")
    order_id = fields.UUID(required=True, allow_none=True, attribute="enrollment.order_id")
    ordering_provider = fields.Nested(ShownProviderSchema, required=True, allow_none=True)
    ordered_on = Day(required=True, allow_none=True)
    diagnosis_codes = fields.List(fields.String(), required=True, attribute="enrollment.diagnoses")
    initiating_visit_on = Day(required=True, allow_none=True, attribute="enrollment.initiating_visit_on")
    discharged_at = Instant(required=True, allow_none=True, attribute="enrollment.discharged_at")
    discharged_by = fields.Integer(required=True, allow_none=True, attribute="enrollment.discharged_by")
    discharge_reason = fields.String(
        required=True, allow_none=True, attribute="enrollment.discharge_reason", validate=_REASONS
    )
    discharge_outcome = fields.String(
        required=True, allow_none=True, attribute="enrollment.discharge_outcome", validate=_OUTCOMES
    )
    discharge_note = fields.String(required=True, allow_none=True, attribute="enrollment.discharge_note")
    created_at = Instant(required=True, attribute="enrollment.created_at")
    updated_at = Instant(required=True, attribute="enrollment.updated_at")


class WorklistLineSchema(Row):
    """An enrolment in the practice's list."""

    enrollment = fields.Nested(EnrollmentSchema, required=True, attribute="shown")
    patient_name = fields.String(required=True)
    renewal_due_on = Day(required=True, allow_none=True)
    has_consent = fields.Boolean(required=True, metadata={"description": "Consent with both notices holds today."})


class EnrollmentQuerySchema(PageQuery):
    """How to list the practice's enrolments."""

    program = fields.Enum(Program, by_value=True)
    active = fields.String(
        validate=validate.OneOf(["true", "false"]), metadata={"description": "Running on the patient's today."}
    )
    renewal_due_before = Day(metadata={"description": "The newest order wants renewing before this day, exclusive."})
    missing_consent = fields.String(validate=validate.OneOf(["true", "false"]))
    ordering = fields.String(load_default="-starts_on", validate=validate.OneOf(ENROLLMENT_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> EnrollmentQuery:
        for name in data.keys() & {"active", "missing_consent"}:
            data[name] = data[name] == "true"
        return EnrollmentQuery(paging=paging_of(data), **data)

"""Shapes of the what-if simulator."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from app.domain.billing.insight import WhatIf
from app.domain.billing.policy import read_settings
from app.domain.billing.simulate import Drop, Enrol, MoreMinutes, MoreReadings, Scenario
from app.domain.diagnoses import ICD10_FORM
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, Row, page_of
from app.schemas.fields import Day, Instant, Text, Whole, YesNo
from app.schemas.time_logs import MonthField

_MOST = validate.Length(max=200)
_EVERYBODY = {"description": "Without one for everybody."}
_DAY_SECONDS = 86_400


class MoreReadingsSchema(Body):
    """Suppose data on days."""

    days = fields.List(Day(), required=True, validate=validate.Length(min=1, max=366))
    patient_id = fields.UUID(load_default=None, metadata=_EVERYBODY)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> MoreReadings:
        return MoreReadings(tuple(data["days"]), data["patient_id"])


class MoreMinutesSchema(Body):
    """Suppose time at noon of a day."""

    on = Day(required=True)
    seconds = Whole(low=1, high=_DAY_SECONDS // 2, required=True)
    patient_id = fields.UUID(load_default=None, metadata=_EVERYBODY)
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)
    is_live = YesNo(load_default=True)
    credential = fields.String(
        load_default="clinical", validate=validate.OneOf(["physician", "qhp", "clinical", "non_clinical"])
    )

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> MoreMinutes:
        return MoreMinutes(**data)


class EnrolSchema(Body):
    """Suppose a patient was consented, ordered, seen and enrolled."""

    patient_id = fields.UUID(required=True)
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)
    starts_on = Day(required=True)
    diagnoses = fields.List(
        Text(longest=8, form=ICD10_FORM), load_default=lambda: ["I10"], validate=validate.Length(min=1, max=12)
    )

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Enrol:
        return Enrol(data["patient_id"], data["program"], data["starts_on"], tuple(data["diagnoses"]))


class DropSchema(Body):
    """Suppose a patient left a program."""

    patient_id = fields.UUID(required=True)
    program = fields.Enum(Program, by_value=True, load_default=Program.RPM)
    ends_on = Day(required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Drop:
        return Drop(**data)


class ThresholdDatesSchema(Body):
    """On which service dates the thresholds of the named rule set hold, both inclusive; on all others the real ones."""

    since = Day(data_key="from", load_default=None, allow_none=True)
    until = Day(data_key="to", load_default=None, allow_none=True)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["since"] and data["until"] and data["until"] < data["since"]:
            raise ValidationError("Must not lie before the start.", "to")
        return {"rules_from": data["since"], "rules_to": data["until"]}


class OverridesSchema(Body):
    """What is different in the facts."""

    readings = fields.List(fields.Nested(MoreReadingsSchema), load_default=list, validate=_MOST)
    minutes = fields.List(fields.Nested(MoreMinutesSchema), load_default=list, validate=_MOST)
    enrol = fields.List(fields.Nested(EnrolSchema), load_default=list, validate=_MOST)
    drop = fields.List(fields.Nested(DropSchema), load_default=list, validate=_MOST)
    threshold_dates = fields.Nested(ThresholdDatesSchema, load_default=None, allow_none=True)
    as_of = Instant(load_default=None, metadata={"description": "As if it were then."})
    settings = fields.Dict(
        keys=fields.String(),
        load_default=None,
        metadata={"description": "One payer policy for all payers and dates; what is not named keeps its default."},
    )


class SimulationRequestSchema(Body):
    """A scenario; an empty one gives the real month twice."""

    may_be_left_out = True

    month = MonthField(metadata={"description": "YYYY-MM; this month by default."})
    as_of = Instant(metadata={"description": "The moment of the question; now by default."})
    rule_set = Text(longest=40, load_default=None, metadata={"description": "2025 or 2026: its rules on all dates."})
    fee_schedule = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "One schedule for all dates and payers."}
    )
    overrides = fields.Nested(OverridesSchema, load_default=dict)

    @post_load
    def _asked(self, data: dict[str, Any], **_: Any) -> WhatIf:
        other = dict(data["overrides"])
        try:
            settings = read_settings(said) if (said := other.pop("settings", None)) is not None else None
        except (ValueError, TypeError) as error:
            raise ValidationError(str(error), "overrides") from error
        lists: dict[str, Any] = {name: tuple(other.get(name, ())) for name in ("readings", "minutes", "enrol", "drop")}
        dates = other.get("threshold_dates") or {}
        if dates and data["rule_set"] is None:
            raise ValidationError("Dates of thresholds are those of a rule set: name it.", "rule_set")
        scenario = Scenario(data["rule_set"], settings=settings, as_of=other.get("as_of"), **lists, **dates)
        return WhatIf(scenario, data.get("month"), data.get("as_of"), data["fee_schedule"])


class CodeTotalSchema(Row):
    """One code on both sides."""

    cpt_code = fields.String(required=True, attribute="code")
    lines = fields.Integer(required=True)
    units = fields.Integer(required=True)
    amount = fields.Raw(required=True, metadata={"type": "number"})
    scenario_lines = fields.Integer(required=True)
    scenario_units = fields.Integer(required=True)
    scenario_amount = fields.Raw(required=True, metadata={"type": "number"})


class FlipSchema(Row):
    """One line that would come or go, and why."""

    patient_id = fields.UUID(required=True, attribute="patient.id")
    patient_name = fields.String(required=True, attribute="name")
    cpt_code = fields.String(required=True, attribute="flip.code")
    line_key = fields.String(required=True, attribute="flip.line_key")
    was_billable = fields.Boolean(required=True, attribute="flip.was_billable")
    is_billable = fields.Boolean(required=True, attribute="flip.is_billable")
    amount = fields.Raw(required=True, attribute="flip.amount", metadata={"type": "number"})
    reasons = fields.List(
        fields.String(),
        required=True,
        attribute="flip.reasons",
        metadata={"description": "What refuses the line on the side where it is not billable."},
    )


class SimulationSchema(Row):
    """Baseline and scenario."""

    patients = fields.Integer(required=True)
    baseline_amount = fields.Function(
        lambda shown: shown.found.amounts[0], required=True, metadata={"type": "number"}
    )  # fmt: skip
    scenario_amount = fields.Function(
        lambda shown: shown.found.amounts[1], required=True, metadata={"type": "number"}
    )  # fmt: skip
    by_code = fields.List(fields.Nested(CodeTotalSchema), required=True, attribute="found.by_code")
    flips = fields.Nested(
        page_of(FlipSchema),
        required=True,
        metadata={"description": "A page, by patient; `next` and `previous` are asked with the same body."},
    )

"""Shapes of a practice's payers, their dated policies, and the rule sets."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from app.domain.billing.books import NewPayer, NewPolicy
from app.domain.billing.codes import CPT_LABELS
from app.domain.billing.policy import MODES, PolicySettings, ServiceDay, read_settings
from app.domain.enrolment.programs import Program
from app.schemas.base import Body, Row
from app.schemas.fields import Day, Instant, Text, Whole, YesNo

_LONGEST_NAME, _LONGEST_ID, _MOST_PREFIXES = 120, 80, 200
_PREFIX = r"^[A-Z][0-9][0-9A-Z](\.?[0-9A-Z]{1,4})?$"
_DAYS, _UNITS = 30, 10


class NewPayerSchema(Body):
    """A payer; the name is compared with patients' payers without regard to case and spaces."""

    name = Text(longest=_LONGEST_NAME, required=True)
    claim_payer_id = Text(longest=_LONGEST_ID, load_default=None, allow_none=True)

    @post_load
    def _payer(self, data: dict[str, Any], **_: Any) -> NewPayer:
        return NewPayer(**data)


class PayerChangesSchema(Body):
    """What is to be changed of a payer."""

    name = Text(longest=_LONGEST_NAME)
    claim_payer_id = Text(longest=_LONGEST_ID, allow_none=True)


class BillingPayerSchema(Row):
    """A payer."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    claim_payer_id = fields.String(required=True, allow_none=True)
    created_at = Instant(required=True)
    updated_at = Instant(required=True)


class PolicySettingsSchema(Body):
    """What a payer wants; what is not named keeps its default. `covered_dx_prefixes`: none covers every diagnosis."""

    min_days_99453 = Whole(low=1, high=_DAYS)
    interactive_modes = fields.List(fields.String(validate=validate.OneOf(MODES)), validate=validate.Length(max=5))
    allow_99091_with_99457 = YesNo()
    allow_99458_with_99470 = YesNo()
    mue_99458 = Whole(low=1, high=_UNITS)
    one_practitioner_all_rpm = YesNo()
    require_period_closed = YesNo()
    exclude_em_day_for_99091 = YesNo()
    exclude_em_day_for_99457 = YesNo()
    covered_dx_prefixes = fields.List(
        Text(longest=8, validate=validate.Regexp(_PREFIX)), validate=validate.Length(max=_MOST_PREFIXES)
    )
    double_tag_winner = fields.String(validate=validate.OneOf([program.value.lower() for program in Program]))
    time_service_day = fields.String(validate=validate.OneOf([day.value for day in ServiceDay]))
    not_covered_codes = fields.List(
        fields.String(validate=validate.OneOf(sorted(CPT_LABELS))), validate=validate.Length(max=len(CPT_LABELS))
    )

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> PolicySettings:
        return read_settings(data)


class NewPolicySchema(Body):
    """A policy for service dates from the first to the last day; of those in force the one that began last holds."""

    effective_from = Day(required=True)
    effective_to = Day(load_default=None, allow_none=True)
    settings = fields.Nested(PolicySettingsSchema, required=True)

    @post_load
    def _policy(self, data: dict[str, Any], **_: Any) -> NewPolicy:
        return NewPolicy(**data)


class PolicyChangesSchema(Body):
    """What is to be changed: of a policy in force its end, of one of the future anything."""

    effective_from = Day()
    effective_to = Day(allow_none=True)
    settings = fields.Nested(PolicySettingsSchema)


class BillingPolicySchema(Row):
    """A policy; without `payer_id` it is for everybody who has none of their own."""

    id = fields.UUID(required=True)
    payer_id = fields.UUID(required=True, allow_none=True)
    effective_from = Day(required=True)
    effective_to = Day(required=True, allow_none=True)
    settings = fields.Dict(required=True)
    created_at = Instant(required=True)


class RuleSetSchema(Schema):
    """The rules of a span of service dates: data that ships with the product and is read only."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    effective_from = Day(required=True)
    effective_to = Day(required=True)
    hash = fields.String(required=True, metadata={"description": "SHA-256 of all it says; lines name it."})
    codes = fields.Function(
        lambda one: [code.as_json() for code in one.rules],
        required=True,
        metadata={"type": "array", "items": {"type": "object"}},
    )

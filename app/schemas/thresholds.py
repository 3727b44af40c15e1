"""Shapes of thresholds: flat names to numbers, and beside them who set each and where it comes from."""

from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.triage.effective import Origin, ThresholdSet
from app.domain.triage.parameters import PARAMETERS, Parameter, RuleKind
from app.domain.triage.profiles import Condition, Profile
from app.domain.triage.proposals import NewThresholds
from app.domain.triage.threshold_record import read_modifiers, write_modifiers
from app.domain.triage.thresholds import VITALS
from app.schemas.base import Body, Row
from app.schemas.fields import Data, Instant, Text, Whole

_MAX_DECIMALS = 4
_NAMES = tuple(PARAMETERS)
_WEEK = 7 * 24 * 60


class Limit(fields.Field[Decimal]):
    """A threshold: a JSON number with at most four decimals, or null to switch the rule off."""

    def __init__(self, parameter: Parameter, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)
        unit = f"In {parameter.unit}. " if parameter.unit else ""
        edge = "As many suffice" if parameter.kind is RuleKind.ADHERENCE else "Inclusive"
        self.metadata = {
            "type": "number", "minimum": float(parameter.low), "maximum": float(parameter.high),
            "description": f"{unit}{edge}; null switches it off.",
        }  # fmt: skip

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("Not a valid number.")
        number = Decimal(value)
        if -int(number.as_tuple().exponent) > _MAX_DECIMALS:
            raise ValidationError(f"More than {_MAX_DECIMALS} decimals.")
        return number


class Hysteresis(Limit):
    """How far a value must be back, in the vital's unit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(PARAMETERS["no_reading_days"], **kwargs)
        self.metadata = {"type": "number", "minimum": 0, "maximum": 100, "description": "In the vital's unit."}

    def _deserialize(self, value: Any, attr: str | None, data: Data, **kwargs: Any) -> Decimal:
        number = super()._deserialize(value, attr, data, **kwargs)
        if not 0 <= number <= 100:  # noqa: PLR2004 - as documented
            raise ValidationError("Must be between 0 and 100.")
        return number


class ModifiersSchema(Body):
    """What warnings of a vital wait for. Critical alerts never wait."""

    repeat_times = Whole(low=1, high=20, metadata={"description": "So many of the last `repeat_of` readings."})
    repeat_of = Whole(low=1, high=20)
    duration_minutes = Whole(low=0, high=_WEEK, metadata={"description": "In breach for at least so long."})
    hysteresis = Hysteresis()
    cool_down_minutes = Whole(low=0, high=_WEEK, metadata={"description": "No second warning within so long."})
    from_hour = Whole(low=0, high=23, allow_none=True, metadata={"description": "The patient's local hour."})
    to_hour = Whole(low=1, high=24, allow_none=True, metadata={"description": "Not included."})
    weekdays = fields.List(Whole(low=1, high=7), allow_none=True, metadata={"description": "ISO: Monday is 1."})

    @post_load
    def _modifiers(self, data: dict[str, Any], **_: Any) -> Any:
        modifiers = read_modifiers(data)
        if modifiers.repeat_times > modifiers.repeat_of:
            raise ValidationError({"repeat_times": ["Must not be more than repeat_of."]})
        if modifiers.schedule and modifiers.schedule.from_hour == modifiers.schedule.to_hour:
            raise ValidationError({"to_hour": ["Must differ from from_hour."]})
        return modifiers


_WAITS = Schema.from_dict({vital.prefix: fields.Nested(ModifiersSchema) for vital in VITALS}, name="Waits")


class WaitsSchema(Body, _WAITS):  # type: ignore[misc, valid-type]  # made from the table of vitals
    """What warnings wait for, by vital."""


_LIMITS = Schema.from_dict({name: Limit(one) for name, one in PARAMETERS.items()}, name="Limits")


class NewPracticeThresholdsSchema(Body, _LIMITS):  # type: ignore[misc, valid-type]  # made from the table of parameters
    """A practice's thresholds as a whole: a name left out goes back to the built-in default."""

    modifiers = fields.Nested(WaitsSchema)
    reason = Text(longest=500, allow_none=True)

    @post_load
    def _new(self, data: dict[str, Any], **_: Any) -> NewThresholds:
        return NewThresholds(own_set(data), data.get("reason"))


class NewPatientThresholdsSchema(NewPracticeThresholdsSchema):
    """A patient's overrides as a whole: a name left out follows the profiles and the practice."""

    profiles = fields.List(fields.Enum(Condition, by_value=True), validate=validate.Length(max=len(Condition)))


class ConfirmationSchema(Body):
    """A word on why the values in force are right; the body may be left out."""

    may_be_left_out = True
    reason = Text(longest=500, load_default=None, allow_none=True)


def own_set(data: dict[str, Any]) -> ThresholdSet:
    """Return what a body sets."""
    values = {name: data[name] for name in _NAMES if name in data}
    return ThresholdSet(values, data.get("modifiers", {}), tuple(dict.fromkeys(data.get("profiles", ()))))


def _flat() -> dict[str, fields.Field[Any]]:
    return {
        name: fields.Function(
            lambda shown, name=name: shown.flat[name], metadata={"type": "number", "nullable": True}, required=True
        )
        for name in _NAMES
    }


_BY_NAME = {"type": "object", "additionalProperties": {"type": "string"}}
_ORIGINS = {"type": "object", "additionalProperties": {"type": "string", "enum": [origin.value for origin in Origin]}}
_NUMBERS = {"type": "object", "additionalProperties": {"type": "number", "nullable": True}}


class ThresholdsSchema(Row, Schema.from_dict(_flat(), name="FlatThresholds")):  # type: ignore[misc]  # as above
    """The values in force under their flat names, and for each who set it and its source."""

    patient_id = fields.UUID(required=True, allow_none=True)
    version = fields.Integer(required=True)
    threshold_version = fields.String(required=True, metadata={"description": "What alerts name: practice.patient."})
    origins = fields.Function(
        lambda shown: {one.name: one.origin.value for one in shown.values}, required=True, metadata=_ORIGINS
    )
    sources = fields.Function(
        lambda shown: {one.name: one.source for one in shown.values}, required=True, metadata=_BY_NAME
    )
    defaults = fields.Function(
        lambda shown: {one.name: one.default for one in shown.values},
        required=True,
        metadata={**_NUMBERS, "description": "What would hold without the patient's overrides."},
    )
    profiles = fields.Function(
        lambda shown: [one.value for one in shown.own.profiles],
        required=True,
        metadata={"type": "array", "items": {"type": "string", "enum": [one.value for one in Condition]}},
    )
    modifiers = fields.Function(
        lambda shown: {prefix: write_modifiers(one) for prefix, one in shown.modifiers.items()},
        required=True,
        metadata={"type": "object"},
    )
    is_confirmed = fields.Function(
        lambda shown: shown.confirmed_at is not None, required=True, metadata={"type": "boolean"}
    )
    confirmed_at = Instant(required=True, allow_none=True)
    confirmed_by = fields.Integer(required=True, allow_none=True)
    updated_at = Instant(required=True, allow_none=True)


class ThresholdVersionSchema(Row):
    """One version: what was set, when, by whom and why."""

    version = fields.Integer(required=True, attribute="row.number")
    values = fields.Dict(required=True, attribute="row.limits")
    modifiers = fields.Dict(required=True, attribute="row.modifiers")
    profiles = fields.Raw(
        required=True, attribute="row.profiles", metadata={"type": "array", "items": {"type": "string"}}
    )
    is_confirmed = fields.Boolean(required=True, attribute="row.is_confirmed")
    effective_from = Instant(required=True, attribute="row.effective_from")
    changed_by = fields.Integer(required=True, allow_none=True, attribute="row.changed_by")
    changed_by_name = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True, attribute="row.reason")


class ProfileSchema(Row):
    """A condition and the values it changes, each with its source."""

    condition = fields.Function(
        lambda one: one.condition.value, required=True, metadata={"type": "string", "enum": [*Condition]}
    )
    label = fields.String(required=True)
    values = fields.Function(
        lambda one: {name: default.value for name, default in one.values.items()},
        required=True,
        metadata=_NUMBERS,
    )
    sources = fields.Function(
        lambda one: {name: str(default.source) for name, default in one.values.items()},
        required=True,
        metadata=_BY_NAME,
    )


class ProfilesSchema(Schema):
    """All profiles."""

    results = fields.List(fields.Nested(ProfileSchema), required=True)


def profiles_body(profiles: tuple[Profile, ...]) -> dict[str, Any]:
    """Return the list envelope of all profiles."""
    return {"results": profiles}

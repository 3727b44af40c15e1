"""Shapes of orders for a program of care."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates

from app.domain.diagnoses import ICD10_FORM, is_icd10_format
from app.domain.enrolment.programs import PARAMETERS, Program
from app.domain.enrolment.records import Ending, NewOrder, OrderingProvider, OrderRenewal
from app.domain.npi import is_npi
from app.schemas.base import Body, Row
from app.schemas.consents import PROGRAMS
from app.schemas.fields import Day, Instant, Text, Whole

MAX_CODES = 12  # diagnoses a professional claim carries


class OrderingProviderSchema(Body):
    """An account of the practice by `user_id`, or a practitioner elsewhere by `name` and `npi`."""

    user_id = Whole(low=1, allow_none=True)
    name = Text(longest=200, allow_none=True)
    npi = fields.String(allow_none=True, metadata={"description": "Ten digits with a right check digit."})

    @validates("npi")
    def _has_check_digit(self, value: str | None, data_key: str) -> None:
        if value is not None and not is_npi(value):
            raise ValidationError("Not an NPI: ten digits, the last of which is a check digit.")

    @post_load
    def _provider(self, data: dict[str, Any], **_: Any) -> OrderingProvider:
        provider = OrderingProvider(**data)
        if (provider.user_id is None) is (provider.name is None):
            raise ValidationError("Give either the user_id of an account or the name of a practitioner elsewhere.")
        if provider.user_id is None and provider.npi is None:
            raise ValidationError("A practitioner elsewhere needs an NPI.", "npi")
        return provider


class Codes(fields.List[str]):
    """Diagnoses in the form of ICD-10-CM, none twice."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Text(longest=8, form=ICD10_FORM), validate=validate.Length(max=MAX_CODES), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        codes = super()._deserialize(value, attr, data, **kwargs)
        if not all(is_icd10_format(str(code)) for code in codes):
            raise ValidationError("Not in the form of ICD-10-CM, such as I10 or E11.65.")
        return list(dict.fromkeys(codes))


class Parameters(fields.List[str]):
    """What is to be monitored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            fields.String(validate=validate.OneOf(PARAMETERS)), validate=validate.Length(max=len(PARAMETERS)), **kwargs
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        return list(dict.fromkeys(super()._deserialize(value, attr, data, **kwargs)))


class NewOrderSchema(Body):
    """An order as it was given; remote monitoring needs a diagnosis and a parameter."""

    program = fields.Enum(Program, by_value=True, required=True)
    ordering_provider = fields.Nested(OrderingProviderSchema, required=True)
    ordered_on = Day(required=True, metadata={"description": "Today or before."})
    starts_on = Day(required=True)
    ends_on = Day(load_default=None, allow_none=True, metadata={"description": "The last day; none: until stopped."})
    renewal_due_on = Day(
        load_default=None, allow_none=True, metadata={"description": "30 days before the end when absent."}
    )
    parameters = Parameters(load_default=list)
    diagnosis_codes = Codes(load_default=list)

    @post_load
    def _order(self, data: dict[str, Any], **_: Any) -> NewOrder:
        provider, codes = data.pop("ordering_provider"), tuple(data.pop("diagnosis_codes"))
        return NewOrder(provider=provider, diagnoses=codes, **{**data, "parameters": tuple(data["parameters"])})


class RenewalSchema(Body):
    """What is new in the order that follows; the rest is as before, and it begins the day after the old one's end."""

    ordered_on = Day(required=True, metadata={"description": "Today or before."})
    ordering_provider = fields.Nested(OrderingProviderSchema, load_default=None)
    starts_on = Day(load_default=None, allow_none=True)
    ends_on = Day(load_default=None, allow_none=True)
    renewal_due_on = Day(load_default=None, allow_none=True)
    parameters = Parameters(load_default=None)
    diagnosis_codes = Codes(load_default=None)

    @post_load
    def _renewal(self, data: dict[str, Any], **_: Any) -> OrderRenewal:
        provider = data.pop("ordering_provider")
        codes, parameters = (_tuple(data.pop(name)) for name in ("diagnosis_codes", "parameters"))
        return OrderRenewal(provider=provider, diagnoses=codes, parameters=parameters, **data)


class StopSchema(Body):
    """Why, and from which day on, an order no longer holds."""

    reason = Text(required=True, longest=500)
    stopped_on = Day(
        load_default=None, allow_none=True, metadata={"description": "The first day it no longer holds; today."}
    )

    @post_load
    def _ending(self, data: dict[str, Any], **_: Any) -> Ending:
        return Ending(data["reason"], data["stopped_on"])


class ShownProviderSchema(Row):
    """Who ordered."""

    user_id = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    npi = fields.String(required=True, allow_none=True)


class OrderSchema(Row):
    """An order."""

    id = fields.UUID(required=True, attribute="order.id")
    patient_id = fields.UUID(required=True, attribute="order.patient_id")
    program = fields.String(required=True, attribute="order.program", validate=PROGRAMS)
    follows_id = fields.UUID(required=True, allow_none=True, attribute="order.follows_id")
    ordering_provider = fields.Nested(ShownProviderSchema, required=True)
    ordered_on = Day(required=True, attribute="order.ordered_on")
    starts_on = Day(required=True, attribute="order.starts_on")
    ends_on = Day(required=True, allow_none=True, attribute="order.ends_on")
    renewal_due_on = Day(required=True, allow_none=True, attribute="order.renewal_due_on")
    parameters = fields.List(fields.String(), required=True, attribute="order.parameters")
    diagnosis_codes = fields.List(fields.String(), required=True, attribute="order.diagnoses")
    stopped_on = Day(required=True, allow_none=True, attribute="order.stopped_on")
    stop_reason = fields.String(required=True, allow_none=True, attribute="order.stop_reason")
    created_at = Instant(required=True, attribute="order.created_at")
    updated_at = Instant(required=True, attribute="order.updated_at")


def _tuple(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)

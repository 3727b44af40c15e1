"""Shapes of the parts of a patient record: address, emergency contact, payers."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from app.domain.patients import US_STATES, Address, EmergencyContact, Payer, format_zip, to_e164
from app.schemas.base import Body, Row
from app.schemas.fields import Day, Text

_BETWEEN = "[ ().-]{0,2}"
_US = rf"{_BETWEEN}(1{_BETWEEN})?([0-9]{_BETWEEN}){{10}}"
_ABROAD = rf"\+{_BETWEEN}[1-9]{_BETWEEN}([0-9]{_BETWEEN}){{6,14}}"


class Phone(Text):
    """A telephone number, stored as E.164; ten digits are read as US."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=40, form=f"{_US}|{_ABROAD}", **kwargs)
        self.metadata = {"description": "Stored as E.164; ten digits are read as US.", **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        number = to_e164(super()._deserialize(value, attr, data, **kwargs))
        if number is None:
            raise ValidationError("Not a telephone number.")
        return number


class Part(fields.Nested):
    """A part that comes whole or not at all, also where a record is changed in part."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, partial=False, **kwargs)


class AddressSchema(Body):
    """A US postal address."""

    line1 = Text(blank=True, load_default="")
    line2 = Text(blank=True, load_default="")
    city = Text(blank=True, load_default="")
    state = Text(blank=True, load_default="", longest=2, metadata={"description": "Two letters, USPS."})
    zip = Text(blank=True, load_default="", longest=10, metadata={"description": "Five or nine digits."})

    @post_load
    def _address(self, data: dict[str, str], **_: Any) -> Address:
        state, written = data.get("state", "").upper(), data.get("zip", "")
        if state and state not in US_STATES:
            raise ValidationError("Not a US state.", "state")
        zip_code = format_zip(written) if written else ""
        if zip_code is None:
            raise ValidationError("Five or nine digits are needed.", "zip")
        return Address(**{**data, "state": state, "zip": zip_code})


class EmergencyContactSchema(Body):
    """Whom to call."""

    name = Text(required=True, longest=200)
    phone = Phone(required=True)
    relationship = Text(blank=True, load_default="", longest=60)

    @post_load
    def _contact(self, data: dict[str, str], **_: Any) -> EmergencyContact:
        return EmergencyContact(**data)


class PayerSchema(Body):
    """Who pays; both days are inclusive, and one left out is open."""

    payer = Text(required=True, longest=120, metadata={"description": "As the payer calls itself."})
    member_id = Text(required=True, longest=60)
    starts_on = Day(allow_none=True, load_default=None)
    ends_on = Day(allow_none=True, load_default=None)

    @post_load
    def _payer(self, data: dict[str, Any], **_: Any) -> Payer:
        if data["starts_on"] and data["ends_on"] and data["ends_on"] < data["starts_on"]:
            raise ValidationError("Must not lie before starts_on.", "ends_on")
        return Payer(**data)


class PayerRow(Row):
    """Who pays, as it is answered."""

    payer = Text(required=True)
    member_id = Text(required=True)
    starts_on = Day(required=True, allow_none=True)
    ends_on = Day(required=True, allow_none=True)

"""Shapes of the patient record."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, post_load, validate, validates

from app.domain.patients import (
    GENDERS,
    PATIENT_ORDERINGS,
    US_STATES,
    Address,
    NewPatient,
    PatientQuery,
    PatientSelection,
    format_zip,
    to_e164,
)
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Day, Instant, Text

_ZONES = frozenset(available_timezones())


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


class PatientFields(Body):
    """What a caller may set of a record."""

    first_name = Text(required=True, longest=100)
    last_name = Text(required=True, longest=100)
    date_of_birth = Day(required=True)
    gender = fields.String(required=True, validate=validate.OneOf(GENDERS))
    mrn = Text(longest=50, metadata={"description": "Unique in the practice; made when absent."})
    phone = Text(longest=40, allow_none=True, metadata={"description": "Stored as E.164; ten digits are read as US."})
    email = fields.Email(allow_none=True, validate=validate.Length(max=254))
    address = fields.Nested(AddressSchema, allow_none=True)
    external_id = Text(longest=200, allow_none=True)
    timezone = fields.String(validate=validate.OneOf(_ZONES, error="Not an IANA time zone."))

    @validates("date_of_birth")
    def _born(self, value: Any, data_key: str) -> None:
        if value > datetime.now(UTC).date():
            raise ValidationError("Must not lie in the future.")

    @post_load
    def _loaded(self, data: dict[str, Any], **_: Any) -> Any:
        return self._with_phone(data)

    def _with_phone(self, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("phone"):
            data["phone"] = to_e164(data["phone"])
            if data["phone"] is None:
                raise ValidationError("Not a telephone number.", "phone")
        return data


class NewPatientSchema(PatientFields):
    """A record to create."""

    @post_load
    def _loaded(self, data: dict[str, Any], **_: Any) -> Any:
        return NewPatient(**self._with_phone(data))


class PatientSchema(Row):
    """A record."""

    id = fields.UUID(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    date_of_birth = Day(required=True)
    gender = fields.String(required=True, validate=validate.OneOf(GENDERS))
    mrn = fields.String(required=True)
    active = fields.Boolean(required=True)
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    address = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, allow_none=True,
        metadata={"description": "line1, line2, city, state, zip"},
    )  # fmt: skip
    external_id = fields.String(required=True, allow_none=True)
    created_at = Instant(required=True)
    updated_at = Instant(required=True)


class PatientSelectionSchema(Body):
    """Which patients, in which order."""

    search = Text(
        load_default="", blank=True, longest=100,
        metadata={"description": "Part of a first name, last name or medical record number."},
    )  # fmt: skip
    active = fields.String(load_default="true", validate=validate.OneOf(["true", "false"]))
    ordering = fields.String(load_default="created_at", validate=validate.OneOf(PATIENT_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> PatientSelection:
        return PatientSelection(active=data.pop("active") == "true", **data)


class PatientQuerySchema(PatientSelectionSchema, PageQuery):
    """How to list patients."""

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> PatientQuery:
        active = data.pop("active") == "true"
        return PatientQuery(paging=paging_of(data), active=active, **data)


class ArchiveSchema(Body):
    """Why a record is archived or brought back."""

    may_be_left_out = True

    reason = Text(load_default="", blank=True, longest=500)

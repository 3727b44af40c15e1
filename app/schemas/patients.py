"""Shapes of the patient record."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, post_load, validate, validates

from app.domain.diagnoses import ICD10_FORM, problem_with
from app.domain.languages import format_language
from app.domain.patients import GENDERS, PATIENT_ORDERINGS, NewPatient, PatientQuery, PatientSelection
from app.domain.ssn import format_ssn
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Day, Instant, Text, Whole, YesNo
from app.schemas.patient_parts import AddressSchema, EmergencyContactSchema, Part, PayerRow, PayerSchema, Phone

_ZONES = frozenset(available_timezones())
MAX_CONDITIONS, MAX_PAYERS = 50, 10
_SSN = "(?!000|666|9)[0-9]{3}(-(?!00)[0-9]{2}-| (?!00)[0-9]{2} |(?!00)[0-9]{2})(?!0000)[0-9]{4}"
_LANGUAGE = "[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"


class SocialSecurityNumber(Text):
    """Nine digits with or without hyphens; taken in, never given out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=11, form=_SSN, load_only=True, **kwargs)
        self.metadata = {"description": "Write-only; its last four digits can be read.", **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        number = format_ssn(super()._deserialize(value, attr, data, **kwargs))
        if number is None:
            raise ValidationError("Not a Social Security number.")
        return number


class Language(Text):
    """A BCP 47 language tag."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=35, form=_LANGUAGE, **kwargs)
        self.metadata = {"description": "BCP 47, such as en, es-MX or zh-Hant.", **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        tag = format_language(super()._deserialize(value, attr, data, **kwargs))
        if tag is None:
            raise ValidationError("Not a language tag, such as en, es-MX or zh-Hant.")
        return tag


class Condition(Text):
    """An ICD-10-CM code that is valid today."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=8, form=ICD10_FORM, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs)
        problem = problem_with(code, datetime.now(UTC).date())
        if problem is not None:
            raise ValidationError(problem)
        return code


class PatientFields(Body):
    """What a caller may set of a record."""

    first_name = Text(required=True, longest=100)
    last_name = Text(required=True, longest=100)
    date_of_birth = Day(required=True)
    gender = fields.String(required=True, validate=validate.OneOf(GENDERS))
    mrn = Text(longest=50, metadata={"description": "Unique in the practice; made when absent."})
    phone = Phone(allow_none=True)
    email = fields.Email(allow_none=True, validate=validate.Length(max=254))
    address = Part(AddressSchema, allow_none=True)
    external_id = Text(longest=200, allow_none=True)
    timezone = fields.String(validate=validate.OneOf(_ZONES, error="Not an IANA time zone."))
    ssn = SocialSecurityNumber(allow_none=True)
    preferred_language = Language(allow_none=True)
    emergency_contact = Part(EmergencyContactSchema, allow_none=True)
    conditions = fields.List(
        Condition(), validate=validate.Length(max=MAX_CONDITIONS), metadata={"description": "ICD-10-CM, valid today."}
    )
    provider_id = Whole(low=1, allow_none=True, metadata={"description": "A user of the practice: provider."})
    nurse_id = Whole(low=1, allow_none=True, metadata={"description": "A user of the practice: nurse."})
    payers = fields.List(
        Part(PayerSchema), validate=validate.Length(max=MAX_PAYERS),
        metadata={"description": "In the order in which they pay."},
    )  # fmt: skip

    @validates("date_of_birth")
    def _born(self, value: Any, data_key: str) -> None:
        if value > datetime.now(UTC).date():
            raise ValidationError("Must not lie in the future.")

    @validates("conditions")
    def _once(self, value: list[str], data_key: str) -> None:
        if len(set(value)) < len(value):
            raise ValidationError("Names a code twice.")

    @post_load
    def _loaded(self, data: dict[str, Any], **_: Any) -> Any:
        return data


class PatientChanges(PatientFields):
    """What a caller changes of a record: made `partial`."""


class NewPatientSchema(PatientFields):
    """A record to create."""

    allow_duplicate = YesNo(
        load_default=False,
        metadata={"description": "True: the record is of another person than the one it looks like."},
    )

    @post_load
    def _loaded(self, data: dict[str, Any], **_: Any) -> Any:
        for name in ("conditions", "payers"):
            data[name] = tuple(data.get(name, ()))
        return NewPatient(**data)


class PatientSchema(Row):
    """A record as lists show it."""

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


class PatientRecordSchema(PatientSchema):
    """A whole record."""

    timezone = fields.String(required=True)
    preferred_language = fields.String(required=True, allow_none=True)
    ssn_last_four = fields.String(required=True, allow_none=True)
    emergency_contact = fields.Dict(
        keys=fields.String(), values=fields.String(), required=True, allow_none=True,
        metadata={"description": "name, phone, relationship"},
    )  # fmt: skip
    conditions = fields.List(fields.String(), required=True, metadata={"description": "ICD-10-CM codes."})
    provider_id = fields.Integer(required=True, allow_none=True)
    nurse_id = fields.Integer(required=True, allow_none=True)
    payers = fields.List(fields.Nested(PayerRow), required=True, metadata={"description": "In order."})
    archived_at = Instant(required=True, allow_none=True)
    archive_reason = fields.String(required=True, allow_none=True)
    merged_into = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The record in which this one lives on."}
    )


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

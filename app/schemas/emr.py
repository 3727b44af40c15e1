"""Shapes of looking patients up in a medical record system, of taking them over, and of the connection to it."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from app.domain.emr import DEFAULT_PAGE_SIZE, EMR_AUTHS, MAX_PAGE_SIZE, EmrOrder, EmrQuery, EmrSettings
from app.schemas.base import Body, QueryNumber, Row
from app.schemas.errors import CandidateSchema
from app.schemas.fields import Day, Instant, Secret, Text, YesNo
from app.schemas.patients import PatientSchema


class EmrQuerySchema(Body):
    """Whom to look for: one of the first three, or the `cursor` of a page before."""

    name = Text(load_default="", blank=True, longest=100)
    birthdate = Day(load_default=None)
    identifier = Text(
        load_default="", blank=True, longest=200, metadata={"description": "A record number, or `system|value`."}
    )
    page_size = QueryNumber(load_default=DEFAULT_PAGE_SIZE, validate=validate.Range(1, MAX_PAGE_SIZE))
    cursor = Text(load_default="", blank=True, longest=4000)

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> EmrQuery:
        return EmrQuery(**data)


class EmrMatchSchema(Schema):
    """A patient found there."""

    external_id = fields.String(required=True, attribute="patient.external_id")
    patient_id = fields.UUID(required=True, allow_none=True, metadata={"description": "Our record of them, if any."})
    warnings = fields.List(
        fields.String(validate=validate.OneOf(["deceased", "merged", "inactive"])), required=True,
        attribute="patient.warnings",
    )  # fmt: skip
    replaced_by = fields.String(required=True, allow_none=True, attribute="patient.replaced_by")
    fields_ = fields.Dict(
        required=True, data_key="fields", attribute="patient.fields",
        metadata={"description": "What they have of the fields of our patients."},
    )  # fmt: skip


class EmrPageSchema(Schema):
    """A page of patients found there. `count` is null when the other system does not count."""

    count = fields.Integer(required=True, allow_none=True)
    next = fields.Url(required=True, allow_none=True)
    previous = fields.Url(required=True, allow_none=True)
    results = fields.List(fields.Nested(EmrMatchSchema), required=True)


class EmrOrderSchema(Body):
    """What to take over."""

    external_id = Text(required=True, longest=64)
    preview = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    confirm = Text(load_default=None, longest=64, allow_none=True)
    allow_duplicate = YesNo(
        load_default=False,
        metadata={"description": "True: a record of ours that looks like this patient's is of another person."},
    )

    @post_load
    def _order(self, data: dict[str, Any], **_: Any) -> EmrOrder:
        return EmrOrder(**data)


class FieldChangeSchema(Schema):
    """One field before and after."""

    field = fields.String(required=True)
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class EmrOutcomeSchema(Schema):
    """What was done, or in a preview what would be; `confirm` is to be sent back to do it."""

    status = fields.String(required=True, validate=validate.OneOf(["created", "updated", "unchanged", "preview"]))
    patient = fields.Nested(PatientSchema, required=True, allow_none=True)
    changes = fields.List(fields.Nested(FieldChangeSchema), required=True)
    confirm = fields.String(required=True, allow_none=True)
    warnings = fields.List(fields.String(), required=True)
    left_out = fields.Dict(required=True, metadata={"description": "Fields of theirs that cannot be taken, and why."})
    candidates = fields.List(
        fields.Nested(CandidateSchema), required=True,
        metadata={"description": "In a preview of a new patient: records of ours that may be of the same person."},
    )  # fmt: skip


class EmrSettingsSchema(Body):
    """How to reach the medical record system."""

    base_url = Text(required=True, longest=500)
    is_active = fields.Boolean(load_default=True, truthy={True}, falsy={False})
    auth = fields.String(load_default="none", validate=validate.OneOf(EMR_AUTHS))
    username = Text(load_default=None, longest=200, allow_none=True)
    secret = Secret(load_default=None, longest=4000, metadata={"description": "Never shown; left out, it stays."})

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["auth"] == "basic" and not data["username"]:
            raise ValidationError("Needed to sign in with a password.", "username")
        secret = data["secret"] or ""
        if not (secret.isascii() and secret.isprintable()):
            raise ValidationError("Must be printable ASCII characters.", "secret")

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> EmrSettings:
        return EmrSettings(**data)


class EmrConnectionSchema(Row):
    """The connection, without its secret."""

    base_url = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    auth = fields.String(required=True, validate=validate.OneOf(EMR_AUTHS))
    username = fields.String(required=True, allow_none=True)
    has_secret = fields.Boolean(required=True)
    updated_at = Instant(required=True)


class ConnectionTestSchema(Row):
    """What the other system says of itself."""

    fhir_version = fields.String(required=True)
    software = fields.String(required=True, allow_none=True)
    can_search = fields.Boolean(required=True)

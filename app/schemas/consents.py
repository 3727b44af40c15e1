"""Shapes of consents."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.enrolment.documents import DocumentType
from app.domain.enrolment.programs import ConsentMethod, Program
from app.domain.enrolment.records import Ending, NewConsent
from app.schemas.base import Body, Row
from app.schemas.fields import Day, Instant, Text, Whole, YesNo

PROGRAMS = validate.OneOf([program.value for program in Program])
_METHODS = validate.OneOf([method.value for method in ConsentMethod])


class NewConsentSchema(Body):
    """A consent as it was given."""

    program = fields.Enum(Program, by_value=True, required=True)
    method = fields.Enum(ConsentMethod, by_value=True, required=True)
    obtained_on = Day(required=True, metadata={"description": "The patient's local date; today or before."})
    obtained_by = Whole(low=1, allow_none=True, metadata={"description": "Account of who obtained it; the caller's."})
    cost_share_explained = YesNo(required=True, metadata={"description": "The patient was told of the cost share."})
    one_practitioner_explained = YesNo(
        required=True,
        metadata={"description": "The patient was told that only one practitioner can bill for it in a period."},
    )
    note = Text(longest=2000, blank=True, load_default="")

    @post_load
    def _consent(self, data: dict[str, Any], **_: Any) -> NewConsent:
        return NewConsent(**data)


class RevocationSchema(Body):
    """Why, and from which day on, a consent no longer holds."""

    reason = Text(required=True, longest=500)
    revoked_on = Day(
        load_default=None, allow_none=True, metadata={"description": "The first day it no longer holds; today."}
    )

    @post_load
    def _ending(self, data: dict[str, Any], **_: Any) -> Ending:
        return Ending(data["reason"], data["revoked_on"])


class DocumentSchema(Row):
    """What is known of a document."""

    content_type = fields.String(required=True, validate=validate.OneOf([kind.value for kind in DocumentType]))
    size_bytes = fields.Integer(required=True)
    uploaded_at = Instant(required=True)
    uploaded_by = fields.Integer(required=True)


class ConsentSchema(Row):
    """A consent."""

    id = fields.UUID(required=True, attribute="consent.id")
    patient_id = fields.UUID(required=True, attribute="consent.patient_id")
    program = fields.String(required=True, attribute="consent.program", validate=PROGRAMS)
    method = fields.String(required=True, attribute="consent.method", validate=_METHODS)
    obtained_on = Day(required=True, attribute="consent.obtained_on")
    obtained_by = fields.Integer(required=True, attribute="consent.obtained_by")
    obtained_by_name = fields.String(required=True)
    cost_share_explained = fields.Boolean(required=True, attribute="consent.cost_share_explained")
    one_practitioner_explained = fields.Boolean(required=True, attribute="consent.one_practitioner_explained")
    note = fields.String(required=True, attribute="consent.note")
    document = fields.Nested(DocumentSchema, required=True, allow_none=True)
    revoked_on = Day(required=True, allow_none=True, attribute="consent.revoked_on")
    revoked_by = fields.Integer(required=True, allow_none=True, attribute="consent.revoked_by")
    revoke_reason = fields.String(required=True, allow_none=True, attribute="consent.revoke_reason")
    created_at = Instant(required=True, attribute="consent.created_at")
    updated_at = Instant(required=True, attribute="consent.updated_at")

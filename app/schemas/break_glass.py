"""Shapes of emergency access."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain import second_factor
from app.domain.break_glass import DEFAULT_MINUTES, MAX_MINUTES, MAX_REASON, MIN_REASON, Declaration
from app.domain.paging import PageRequest
from app.domain.proof import Proof
from app.schemas.auth import RecoveryCode, TotpCode
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, Secret, Text, Whole


class DeclarationSchema(Body):
    """Why access is needed, for how long, and the proof that it is the owner of the account who says so."""

    reason = Text(
        required=True,
        longest=MAX_REASON,
        validate=validate.Length(min=MIN_REASON),
        metadata={
            "description": "Read by administrators and kept in the audit trail: do not name the patient.",
            "minLength": MIN_REASON,
        },
    )
    minutes = Whole(low=1, high=MAX_MINUTES, load_default=DEFAULT_MINUTES)
    password = Secret(required=True, longest=1024, load_only=True)
    totp_code = TotpCode(metadata={"description": "Six digits, once two-factor sign-in is on."})
    recovery_code = RecoveryCode()

    @post_load
    def _declaration(self, data: dict[str, Any], **_: Any) -> tuple[Declaration, Proof]:
        return Declaration(data["reason"], data["minutes"]), Proof(
            data["password"], second_factor.Proof(data.get("totp_code"), data.get("recovery_code"))
        )


class EpisodeSchema(Row):
    """Emergency access that was taken."""

    id = fields.UUID(required=True)
    reason = fields.String(required=True)
    started_at = Instant(required=True)
    expires_at = Instant(required=True)


class DeclaredEpisodeSchema(Row):
    """Emergency access and who took it."""

    id = fields.UUID(required=True, attribute="episode.id")
    user_id = fields.Integer(required=True, attribute="user.id")
    user_email = fields.String(required=True, attribute="user.email")
    reason = fields.String(required=True, attribute="episode.reason")
    started_at = Instant(required=True, attribute="episode.started_at")
    expires_at = Instant(required=True, attribute="episode.expires_at")
    ended_at = Instant(required=True, allow_none=True, attribute="episode.ended_at")


class EpisodeQuerySchema(PageQuery):
    """Which page of the episodes."""

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> PageRequest:
        return paging_of(data)

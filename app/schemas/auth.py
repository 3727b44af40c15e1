"""Shapes of signing in, sessions, passwords and the second factor."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.domain.passwords import MAX_LENGTH, MIN_LENGTH_WITH_SECOND_FACTOR
from app.domain.roles import Permission, Role
from app.domain.second_factor import Proof
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, Secret, Text

_ROLES = [role.value for role in Role]


class TotpCode(Text):
    """Six digits of an authenticator app."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("metadata", {"description": "Six digits of the authenticator app."})
        super().__init__(longest=6, validate=validate.Regexp(r"[0-9]{6}\Z"), load_only=True, **kwargs)


class RecoveryCode(Secret):
    """A recovery code; each works once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=64, load_only=True, **kwargs)
        self.metadata = {**self.metadata, "description": "In place of the code of the app; each works once."}


class LoginSchema(Body):
    """Who wants in, and how they prove it."""

    email = Text(required=True, longest=254)
    password = Secret(required=True, longest=1024, load_only=True)
    totp_code = TotpCode(metadata={"description": "Six digits, once two-factor sign-in is on."})
    recovery_code = RecoveryCode()

    @post_load
    def proof(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put the second factor together."""
        return _with_proof(body, "totp_code")


class UserSchema(Schema):
    """A person who signs in."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(_ROLES))
    is_2fa_enabled = fields.Boolean(required=True)


class OwnAccountChangesSchema(Body):
    """What one may change of one's own account."""

    first_name = Text(longest=100)
    last_name = Text(longest=100)


class RefreshSchema(Body):
    """A refresh token."""

    refresh = Secret(required=True, longest=4096)


class TokenPairSchema(Schema):
    """A new access token and its refresh token; the refresh token can be used once."""

    access = fields.String(required=True)
    refresh = fields.String(required=True)


class SignedInSchema(TokenPairSchema):
    """A new pair of tokens and whose they are."""

    user = fields.Nested(UserSchema, required=True)


class SessionQuerySchema(PageQuery):
    """Which page of the sessions."""

    @post_load
    def paging(self, query: dict[str, Any], **_: Any) -> Any:
        """Take the paging out."""
        return paging_of(query)


class SessionSchema(Row):
    """One place where the account is signed in."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["api", "console"]))
    created_at = Instant(required=True)
    last_used_at = Instant(required=True)
    expires_at = Instant(required=True)
    ip = fields.String(required=True, allow_none=True)
    client = fields.String(
        required=True, allow_none=True, metadata={"description": "What kind of program, such as Firefox on Windows."}
    )
    is_current = fields.Boolean(required=True)


class NewPassword(Secret):
    """A password to be set; the rules of `app.domain.passwords` judge it further."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=MAX_LENGTH, load_only=True, **kwargs)
        self.metadata = {
            **self.metadata,
            "minLength": MIN_LENGTH_WITH_SECOND_FACTOR,
            "description": "15 to 128 characters, from 8 with two-factor sign-in; no common password.",
        }


class PasswordChangeSchema(Body):
    """The password that is, and the one that shall be."""

    old_password = Secret(required=True, longest=1024, load_only=True)
    new_password = NewPassword(required=True)


class PasswordResetSchema(Body):
    """Whose password was forgotten."""

    email = Text(required=True, longest=254)


class PasswordResetConfirmSchema(Body):
    """The mailed token and the password that shall be."""

    token = Secret(required=True, longest=200, load_only=True)
    password = NewPassword(required=True)


class AcceptedSchema(Schema):
    """The same for everybody: nothing tells whether there is such an account."""

    detail = fields.String(required=True)


class PasswordSchema(Body):
    """One's own password, once more."""

    password = Secret(required=True, longest=1024, load_only=True)


class EnrolmentSchema(Schema):
    """What an authenticator app needs: as text, as an address, as a picture."""

    secret = fields.String(required=True, metadata={"description": "Base32, 160 bits."})
    otpauth_uri = fields.String(required=True)
    qr_svg = fields.String(required=True, metadata={"description": "The address as an SVG image."})


class CodeSchema(Body):
    """A code of the app that was just set up."""

    code = TotpCode(required=True)


class RecoveryCodesSchema(Schema):
    """The recovery codes, shown this once; each stands in for a code of the app once."""

    recovery_codes = fields.List(fields.String(), required=True)


class SecondFactorRemovalSchema(Body):
    """Password and code, or recovery code, of whoever takes the second factor off."""

    password = Secret(required=True, longest=1024, load_only=True)
    code = TotpCode()
    recovery_code = RecoveryCode()

    @post_load
    def proof(self, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put the second factor together; one of its two kinds is needed here."""
        if not body.keys() & {"code", "recovery_code"}:
            raise ValidationError("Missing data for required field.", "code")
        return _with_proof(body, "code")


class RoleSchema(Schema):
    """A role and what it may do."""

    role = fields.String(required=True, validate=validate.OneOf(_ROLES))
    permissions = fields.List(
        fields.String(validate=validate.OneOf([permission.value for permission in Permission])), required=True
    )


def _with_proof(body: dict[str, Any], code: str) -> dict[str, Any]:
    """Replace the two kinds of second factor by one proof; both at once would leave open which is spent."""
    if code in body and "recovery_code" in body:
        raise ValidationError(f"Give {code} or recovery_code, not both.", "recovery_code")
    return {**body, "proof": Proof(body.get(code), body.get("recovery_code"))}

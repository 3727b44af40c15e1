"""Shapes of signing in."""

from marshmallow import Schema, fields, validate

from app.domain.roles import Role
from app.schemas.base import Body
from app.schemas.fields import Secret, Text


class LoginSchema(Body):
    """Who wants in, and how they prove it."""

    email = Text(required=True, longest=254)
    password = Secret(required=True, longest=1024, load_only=True)
    totp_code = Text(
        longest=6,
        validate=validate.Regexp(r"^[0-9]{6}$"),
        metadata={"description": "Six digits, once two-factor sign-in is on."},
    )


class UserSchema(Schema):
    """A person who signs in."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf([role.value for role in Role]))
    is_2fa_enabled = fields.Constant(False, required=True)


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

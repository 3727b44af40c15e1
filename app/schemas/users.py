"""Shapes of the practice's accounts, as administrators see and change them."""

from typing import Any

from marshmallow import fields, post_load, validate

from app.domain.roles import Role
from app.domain.second_factor import SignInPolicy
from app.domain.users import USER_ORDERINGS, NewUser, UserQuery
from app.schemas.auth import NewPassword
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, Text

_ROLE = validate.OneOf([role.value for role in Role])


class UserFields(Body):
    """What an administrator may set."""

    email = Text(longest=254, required=True, validate=validate.Email())
    first_name = Text(longest=100, required=True)
    last_name = Text(longest=100, required=True)
    role = fields.String(required=True, validate=_ROLE)

    @post_load
    def as_role(self, values: dict[str, Any], **_: Any) -> Any:
        """Name the role."""
        return {**values, "role": Role(values["role"])} if "role" in values else values


class NewUserSchema(UserFields):
    """A new account; without a password its owner gets an invitation by mail."""

    password = NewPassword()
    patient_id = fields.UUID(metadata={"description": "Whose account this is; for the role patient only."})

    @post_load
    def as_role(self, values: dict[str, Any], **_: Any) -> Any:
        """Make the account."""
        return NewUser(**{**values, "role": Role(values["role"])})


class UserQuerySchema(PageQuery):
    """Which accounts, in which order."""

    role = fields.String(validate=_ROLE)
    active = fields.String(validate=validate.OneOf(["true", "false"]))
    search = Text(
        longest=100, blank=True, load_default="", metadata={"description": "Parts of names or of the address."}
    )
    ordering = fields.String(load_default="last_name", validate=validate.OneOf(USER_ORDERINGS))

    @post_load
    def query(self, values: dict[str, Any], **_: Any) -> UserQuery:
        """Make the query."""
        role, active = values.get("role"), values.get("active")
        is_active = active == "true" if active else None
        return UserQuery(
            paging_of(values), Role(role) if role else None, is_active, values["ordering"], values["search"]
        )


class SignInPolicySchema(Body):
    """Which roles must use two-factor sign-in."""

    require_2fa_for = fields.List(fields.String(validate=_ROLE), required=True, validate=validate.Length(max=len(Role)))

    @post_load
    def policy(self, values: dict[str, Any], **_: Any) -> SignInPolicy:
        """Make the policy."""
        return SignInPolicy(tuple(Role(role) for role in values["require_2fa_for"]))


class ManagedUserSchema(Row):
    """One account with the state that administrators act on."""

    id = fields.Integer(required=True)
    email = fields.String(required=True)
    first_name = fields.String(required=True)
    last_name = fields.String(required=True)
    role = fields.String(required=True, validate=_ROLE)
    patient_id = fields.UUID(required=True, allow_none=True)
    is_2fa_enabled = fields.Boolean(required=True)
    is_active = fields.Boolean(required=True)
    is_invited = fields.Boolean(required=True, metadata={"description": "No password was chosen yet."})
    locked_until = Instant(required=True, allow_none=True)
    created_at = Instant(required=True)
    updated_at = Instant(required=True)

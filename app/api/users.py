"""The practice's accounts and what roles may do (`/api/v1/auth/users/`, `/api/v1/auth/roles/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.paging import Page, PageRequest
from app.domain.roles import GRANTS, Permission, Role
from app.domain.second_factor import SignInPolicy
from app.domain.users import ManagedUser, NewUser, UserQuery
from app.schemas.auth import RoleSchema
from app.schemas.base import NothingSchema, page_of
from app.schemas.users import ManagedUserSchema, NewUserSchema, SignInPolicySchema, UserFields, UserQuerySchema
from app.services.accounts.administration import (
    add_user,
    disable_user,
    enable_user,
    get_user,
    invite_again,
    list_users,
    remove_second_factor,
    unlock_user,
    update_user,
)
from app.services.practices import change_sign_in_policy, get_sign_in_policy
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

users = EndpointGroup("users", __name__, path="auth", description="The practice's accounts")
_ONE = "/users/<int(max=2147483647):user_id>/"


def _answer(user: ManagedUser) -> tuple[ManagedUser, dict[str, str]]:
    return user, etag(user.version)


@users.route("/users/")
class Users(MethodView):
    """All accounts of the practice."""

    @requires(Permission.READ_USERS)
    @users.arguments(UserQuerySchema, location="query")
    @users.response(200, page_of(ManagedUserSchema))
    def get(self, query: UserQuery) -> Any:
        """List the practice's accounts."""
        return page_body(list_users(actor(), query))

    @requires(Permission.WRITE_USERS)
    @users.arguments(NewUserSchema)
    @users.response(201, ManagedUserSchema)
    def post(self, new: NewUser) -> Any:
        """Create an account; without a password its owner is invited by mail."""
        return _answer(add_user(actor(), new))


@users.route(_ONE)
class OneUser(MethodView):
    """One account."""

    @requires(Permission.READ_USERS)
    @users.response(200, ManagedUserSchema)
    def get(self, user_id: int) -> Any:
        """Return one account."""
        return _answer(get_user(actor(), user_id))

    @requires(Permission.WRITE_USERS)
    @users.arguments(UserFields(partial=True))
    @users.response(200, ManagedUserSchema)
    def patch(self, changes: dict[str, Any], user_id: int) -> Any:
        """Change names, address or role; a new role or address ends the account's sessions."""
        return _answer(update_user(actor(), user_id, changes, expected_version()))


@users.route(f"{_ONE}unlock/")
class UserUnlock(MethodView):
    """Ending a lock."""

    @requires(Permission.WRITE_USERS)
    @users.arguments(NothingSchema, required=False)
    @users.response(200, ManagedUserSchema)
    def post(self, _body: dict[str, Any], user_id: int) -> Any:
        """Open an account that was locked by failed attempts."""
        return _answer(unlock_user(actor(), user_id))


@users.route(f"{_ONE}disable/")
class UserDisable(MethodView):
    """Closing an account."""

    @requires(Permission.WRITE_USERS)
    @users.arguments(NothingSchema, required=False)
    @users.response(200, ManagedUserSchema)
    def post(self, _body: dict[str, Any], user_id: int) -> Any:
        """Close an account: its sessions end at once."""
        return _answer(disable_user(actor(), user_id, expected_version()))


@users.route(f"{_ONE}enable/")
class UserEnable(MethodView):
    """Opening it again."""

    @requires(Permission.WRITE_USERS)
    @users.arguments(NothingSchema, required=False)
    @users.response(200, ManagedUserSchema)
    def post(self, _body: dict[str, Any], user_id: int) -> Any:
        """Open a closed account again."""
        return _answer(enable_user(actor(), user_id, expected_version()))


@users.route(f"{_ONE}invite/")
class UserInvite(MethodView):
    """Another invitation."""

    @requires(Permission.WRITE_USERS)
    @users.arguments(NothingSchema, required=False)
    @users.response(200, ManagedUserSchema)
    def post(self, _body: dict[str, Any], user_id: int) -> Any:
        """Mail a new invitation to somebody who has not chosen a password yet."""
        return _answer(invite_again(actor(), user_id))


@users.route(f"{_ONE}reset-2fa/")
class UserTotpReset(MethodView):
    """Help for whoever lost phone and recovery codes."""

    @requires(Permission.WRITE_USERS)
    @users.arguments(NothingSchema, required=False)
    @users.response(200, ManagedUserSchema)
    def post(self, _body: dict[str, Any], user_id: int) -> Any:
        """Take the second factor off an account, which ends its sessions and tells its owner."""
        return _answer(remove_second_factor(actor(), user_id))


@users.route("/roles/")
class Roles(MethodView):
    """The role table."""

    @requires(Permission.READ_USERS)
    @users.response(200, page_of(RoleSchema))
    def get(self) -> Any:
        """List the roles and what each may do."""
        table = [{"role": role, "permissions": [p for p in Permission if role in GRANTS[p]]} for role in Role]
        return page_body(Page(table, len(table), PageRequest()))


@users.route("/policy/")
class SignInPolicies(MethodView):
    """How the practice's people must sign in."""

    @requires(Permission.READ_USERS)
    @users.response(200, SignInPolicySchema)
    def get(self) -> Any:
        """Return which roles must use two-factor sign-in."""
        return get_sign_in_policy(actor())

    @requires(Permission.WRITE_USERS)
    @users.arguments(SignInPolicySchema)
    @users.response(200, SignInPolicySchema)
    def patch(self, policy: SignInPolicy) -> Any:
        """Say which roles must use two-factor sign-in; takes effect at their next request."""
        return change_sign_in_policy(actor(), policy)

"""Changing and resetting passwords (`/api/v1/auth/password/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.errors import TokenInvalid
from app.domain.roles import Permission
from app.schemas.auth import (
    AcceptedSchema,
    PasswordChangeSchema,
    PasswordResetConfirmSchema,
    PasswordResetSchema,
    TokenPairSchema,
)
from app.services.accounts.password_changes import ask_for_reset, change_password, reset_password
from app.web.security import actor, public, requires
from app.web.tokens import issue_pair

passwords = EndpointGroup("passwords", __name__, path="auth/password", description="Changing and resetting passwords")
_ASKED = {"detail": "If an account with this address exists, a link is on its way to it."}


@passwords.route("/change/")
class PasswordChange(MethodView):
    """A new password for whoever knows the old one."""

    @requires(Permission.OWN_ACCOUNT, is_replayable=False)
    @passwords.arguments(PasswordChangeSchema)
    @passwords.response(200, TokenPairSchema)
    def post(self, body: dict[str, str]) -> Any:
        """Change one's own password; every other session ends, this one goes on with new tokens."""
        renewed = change_password(actor(), body["old_password"], body["new_password"])
        if renewed is None:
            raise TokenInvalid  # the session ended while its owner was typing
        return issue_pair(renewed)


@passwords.route("/reset/")
class PasswordReset(MethodView):
    """Help for whoever forgot theirs."""

    @public
    @passwords.doc(security=[])
    @passwords.arguments(PasswordResetSchema)
    @passwords.response(202, AcceptedSchema)
    def post(self, body: dict[str, str]) -> Any:
        """Have a link mailed that sets a new password; the answer is the same for every address."""
        ask_for_reset(body["email"])
        return _ASKED


@passwords.route("/reset/confirm/")
class PasswordResetConfirm(MethodView):
    """The mailed link, followed."""

    @public
    @passwords.doc(security=[])
    @passwords.arguments(PasswordResetConfirmSchema)
    @passwords.response(204)
    def post(self, body: dict[str, str]) -> None:
        """Set a new password with the mailed token; ends every session and opens a locked account."""
        reset_password(body["token"], body["password"])

"""Signing in and out (`/api/v1/auth/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.auth import (
    LoginSchema,
    OwnAccountChangesSchema,
    RefreshSchema,
    SessionQuerySchema,
    SessionSchema,
    SignedInSchema,
    TokenPairSchema,
    UserSchema,
)
from app.schemas.base import NothingSchema, page_of
from app.services.accounts.login import check_credentials
from app.services.accounts.open_sessions import end_all_own, end_one, list_sessions
from app.services.accounts.sessions import end_session, exchange_refresh_token, open_session
from app.services.accounts.users import get_own_account, update_own_account
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, public, requires
from app.web.tokens import issue_pair, read_token

auth = EndpointGroup("auth", __name__, description="Signing in and out")


@auth.route("/login/")
class Login(MethodView):
    """The way in."""

    @public
    @auth.doc(security=[])
    @auth.arguments(LoginSchema)
    @auth.response(200, SignedInSchema)
    def post(self, credentials: dict[str, Any]) -> Any:
        """Sign in with e-mail and password, and the second factor where it is on."""
        user = check_credentials(credentials["email"], credentials["password"], credentials["proof"])
        return {**issue_pair(open_session(user)), "user": user}


@auth.route("/token/refresh/")
class TokenRefresh(MethodView):
    """The rotation of tokens."""

    @public
    @auth.doc(security=[])
    @auth.arguments(RefreshSchema)
    @auth.response(200, TokenPairSchema)
    def post(self, body: dict[str, str]) -> Any:
        """Exchange a refresh token for a new pair; each can be used once."""
        return issue_pair(exchange_refresh_token(read_token(body["refresh"], "refresh")))


@auth.route("/logout/")
class Logout(MethodView):
    """The way out."""

    @requires(Permission.OWN_ACCOUNT)
    @auth.arguments(RefreshSchema)
    @auth.response(204)
    def post(self, body: dict[str, str]) -> None:
        """End the session of this refresh token; its access token stops working at once."""
        end_session(actor(), read_token(body["refresh"], "refresh"))


@auth.route("/logout/all/")
class LogoutEverywhere(MethodView):
    """All ways out at once."""

    @requires(Permission.OWN_ACCOUNT)
    @auth.arguments(NothingSchema, required=False)
    @auth.response(204)
    def post(self, _body: dict[str, Any]) -> None:
        """End all of one's sessions, this one and those of the console too."""
        end_all_own(actor())


@auth.route("/me/")
class Me(MethodView):
    """One's own account."""

    @requires(Permission.OWN_ACCOUNT)
    @auth.response(200, UserSchema)
    def get(self) -> Any:
        """Return the account that is signed in."""
        user = get_own_account(actor())
        return user, etag(user.version)

    @requires(Permission.SIGNED_IN)
    @auth.arguments(OwnAccountChangesSchema)
    @auth.response(200, UserSchema)
    def patch(self, changes: dict[str, str]) -> Any:
        """Change one's own names; address and role are for administrators."""
        user = update_own_account(actor(), changes, expected_version())
        return user, etag(user.version)


@auth.route("/sessions/")
class Sessions(MethodView):
    """Where one is signed in."""

    @requires(Permission.SIGNED_IN)
    @auth.arguments(SessionQuerySchema, location="query")
    @auth.response(200, page_of(SessionSchema))
    def get(self, paging: PageRequest) -> Any:
        """List one's living sessions, of the API and of the console."""
        return page_body(list_sessions(actor(), paging))


@auth.route("/sessions/<uuid:session_id>/")
class OneSession(MethodView):
    """One of them."""

    @requires(Permission.SIGNED_IN)
    @auth.response(204)
    def delete(self, session_id: UUID) -> None:
        """End one of one's sessions; its access token stops working at once."""
        end_one(actor(), session_id)

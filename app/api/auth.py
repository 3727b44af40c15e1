"""Signing in and out (`/api/v1/auth/`)."""

from typing import Any

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.roles import Permission
from app.schemas.auth import LoginSchema, RefreshSchema, SignedInSchema, TokenPairSchema, UserSchema
from app.services.login import check_credentials
from app.services.sessions import end_session, exchange_refresh_token, open_session
from app.services.users import get_own_account
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
    def post(self, credentials: dict[str, str]) -> Any:
        """Sign in with e-mail and password."""
        user = check_credentials(credentials["email"], credentials["password"])
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

    @requires(Permission.SIGNED_IN)
    @auth.arguments(RefreshSchema)
    @auth.response(204)
    def post(self, body: dict[str, str]) -> None:
        """End the session of this refresh token; its access token stops working at once."""
        end_session(actor(), read_token(body["refresh"], "refresh"))


@auth.route("/me/")
class Me(MethodView):
    """One's own account."""

    @requires(Permission.SIGNED_IN)
    @auth.response(200, UserSchema)
    def get(self) -> Any:
        """Return the account that is signed in."""
        return get_own_account(actor())

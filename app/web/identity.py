"""Who is calling: read from the request once, before anything else, and kept for the rest of it."""

import uuid

from flask import Flask, current_app, g, request

from app.audit.context import AuditContext, bind, start
from app.domain.actor import Actor
from app.domain.errors import NotAuthenticated, TokenInvalid, VantrexiaError
from app.services.accounts.console_sessions import find_console_actor
from app.services.accounts.sessions import TokenClaims, find_actor
from app.web.tokens import read_token

CONSOLE = "/admin"
CONSOLE_COOKIES = ("__Host-vantrexia", "vantrexia_dev")  # the unprefixed one is for http://localhost only
LIVE = "/live"  # where paths end at which an open page asks
POLLS = frozenset({"admin.live_board", "admin.live_patient"})
_BEARER = "bearer"
_SELF_REFRESHING = frozenset(
    {"board", "live", "progress", "readings"}
)  # ids of the parts of pages that ask for themselves anew


def init_app(app: Flask) -> None:
    """Read the caller's identity before every request."""
    app.before_request(_identify)


def current_actor() -> Actor:
    """Return who is calling; raises what the identity lacked."""
    if isinstance(g.identity, VantrexiaError):
        raise g.identity
    actor: Actor | None = g.get("actor") or find_actor(g.identity)
    if actor is None:
        raise TokenInvalid
    g.actor = actor
    return actor


def is_poll() -> bool:
    """Say whether an open page asks if it is still current: that reads a mark, and is no activity of anybody."""
    return request.method == "GET" and request.endpoint in POLLS


def limiter_identity() -> int | None:
    """Return the user a request is counted for, if the token or cookie is genuine."""
    if g.get("actor"):
        return int(g.actor.user_id)
    return g.identity.user_id if isinstance(g.identity, TokenClaims) else None


def console_cookie_name() -> str:
    """Return the cookie's name: bound to this host and to TLS, except on a developer's own machine."""
    bound, local = CONSOLE_COOKIES
    return local if current_app.config["SETTINGS"].allows_demo else bound


def console_cookie() -> str:
    """Return the console's cookie, or nothing."""
    return request.cookies.get(console_cookie_name(), "")


def _identify() -> None:
    g.request_id = str(uuid.uuid4())
    start(AuditContext(ip=request.remote_addr, request_id=g.request_id, user_agent=request.user_agent.string))
    g.identity = NotAuthenticated()
    if request.path.startswith(f"{CONSOLE}/"):
        g.actor = _console_actor() if console_cookie() else None
        return
    try:
        g.identity = _bearer_claims()
    except VantrexiaError as refusal:
        g.identity = refusal


def _console_actor() -> Actor | None:
    is_activity = request.headers.get("HX-Trigger") not in _SELF_REFRESHING
    return find_console_actor(console_cookie(), is_activity=is_activity, is_poll=is_poll())


def _bearer_claims() -> TokenClaims:
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != _BEARER:  # RFC 9110 §11.1: the scheme's case does not matter
        raise NotAuthenticated
    claims = read_token(token.strip(), "access")
    bind(practice_id=claims.practice_id, user_id=claims.user_id, session_id=claims.session_id)
    return claims

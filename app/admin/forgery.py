"""Against requests that another site makes in a signed-in person's name: their origin is looked at, and their token."""

from hashlib import sha256
from urllib.parse import urlsplit

from flask import Response, current_app, g, request, session
from flask.blueprints import BlueprintSetupState
from flask_wtf.csrf import CSRFError

from app.admin.base import console, is_open
from app.domain.errors import PermissionDenied
from app.extensions import csrf
from app.web.identity import console_cookie

_OWN_SITES = frozenset({"same-origin", "none"})  # none: typed or reloaded by the person, not sent by a page
_TOKEN = "csrf_token"  # noqa: S105 - Flask-WTF's name of it in the session
_FOREIGN = "This request came from another site and was refused."
_OUTDATED = "This page was opened before you signed in, or your session has changed. Go back, reload it and try again."


@console.record
def _harden(state: BlueprintSetupState) -> None:
    """Set the flags of the cookie that carries the token; its own checks replace Flask-WTF's of the Referer."""
    is_local = state.app.config["SETTINGS"].allows_demo
    state.app.config.update(
        SESSION_COOKIE_NAME="vantrexia_dev_form" if is_local else "__Host-vantrexia-form",
        SESSION_COOKIE_SECURE=not is_local,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_PATH="/",
        WTF_CSRF_SSL_STRICT=False,
    )


@console.before_app_request
def _bind_token() -> None:
    """Make the token that of the console session, so that it ends with it and is the same in all its tabs.

    Open pages keep the browser's own: who follows a mailed link may be signed in though the strict cookie does not come
    with the first request, and the form of that page must still be taken.
    """
    if g.get("actor") is None or is_open(request.endpoint):
        return
    bound = sha256(b"csrf of " + console_cookie().encode()).hexdigest()
    if session.get(_TOKEN) != bound:
        session[_TOKEN] = bound


@console.before_request
def _refuse_forged() -> None:
    if request.method not in current_app.config["WTF_CSRF_METHODS"]:
        return
    if not _is_from_our_site():
        raise PermissionDenied(_FOREIGN)
    if g.get("actor") is None and not is_open(request.endpoint):
        return  # nothing can happen in nobody's name: the page leads to the login
    try:
        csrf.protect()
    except CSRFError as error:
        raise PermissionDenied(_OUTDATED) from error


@console.after_request
def _let_our_pages_tell(response: Response) -> Response:
    """Without any referrer browsers send `Origin: null` from our own forms too."""
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _is_from_our_site() -> bool:
    """Believe the browser's own word first; older ones tell an Origin or a Referer. Programs tell nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in _OWN_SITES
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == request.host
    except ValueError:
        return False

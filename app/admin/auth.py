"""Signing in to the console and out of it."""

import re

from flask import Response, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from marshmallow import ValidationError

from app.admin.base import console_page, open_page
from app.admin.targets import wanted_page
from app.domain.errors import AccountLocked, AuthenticationFailed, PermissionDenied, TotpInvalid, TotpRequired
from app.domain.roles import Permission, Role, is_granted
from app.schemas.auth import LoginSchema
from app.services.accounts.console_sessions import end_console_session, open_console_session
from app.services.accounts.login import check_credentials
from app.web.errors import STATUS
from app.web.identity import console_cookie, console_cookie_name

_TOTP_CODE = re.compile("[0-9]{6}")
_ABOUT_CODE = frozenset({TotpRequired.code, TotpInvalid.code})
_BLANK = "Enter your e-mail address and your password."
_NO_STAFF = "This account is not a staff account, so it cannot use the console."
_SIGNED_OUT = "You are signed out."
_IDLE = "You were signed out after 15 minutes without activity."


@open_page("/login", methods=("GET", "POST"))
def login() -> ResponseReturnValue:
    """Sign in with e-mail and password."""
    if request.method == "GET":
        return redirect(_destination()) if g.get("actor") else _form()
    try:
        return _let_in()
    except ValidationError:
        return _form("validation_error", _BLANK)
    except (AuthenticationFailed, AccountLocked, PermissionDenied) as refusal:
        return _form(refusal.code, refusal.detail)


@console_page("/logout", Permission.OWN_ACCOUNT, methods=("POST",))
def logout() -> ResponseReturnValue:
    """Sign out: the session ends at once, here and in the browser."""
    end_console_session(console_cookie())
    session.clear()
    flash(_IDLE if request.form.get("idle") else _SIGNED_OUT)
    response = make_response(redirect(url_for("admin.login"), 303))
    return _without_cookie(response)


def _let_in() -> Response:
    credentials = LoginSchema().load(_filled_in())
    if g.get("actor"):
        end_console_session(console_cookie())
        g.actor = None
    user = check_credentials(credentials["email"], credentials["password"], credentials["proof"])
    if not is_granted(Role(user.role), Permission.USE_CONSOLE):
        raise PermissionDenied(_NO_STAFF)
    session.clear()
    return _with_cookie(make_response(redirect(_destination(), 303)), open_console_session(user))


def _filled_in() -> dict[str, str]:
    """Return the form's fields; a code of the second factor only when one was typed: 6 digits, or a recovery code."""
    filled = {name: request.form.get(name, "") for name in ("email", "password")}
    code = "".join(request.form.get("code", "").split()) or request.form.get("recovery_code", "").strip()
    if code:
        filled["totp_code" if _TOTP_CODE.fullmatch(code) else "recovery_code"] = code
    return filled


def _form(code: str | None = None, problem: str = "") -> ResponseReturnValue:
    if code is not None:
        g.error_code = code
    page = render_template(
        "admin/login.html", problem=problem, asks_code=code in _ABOUT_CODE, onward=_destination(),
        wanted=wanted_page(request.values.get("next", "")), is_over=_is_over(),
    )  # fmt: skip
    return page, STATUS[code] if code else 200


def _is_over() -> bool:
    """Say whether the browser still shows the cookie of a session that is no more."""
    return request.method == "GET" and bool(console_cookie()) and not g.get("actor")


def _destination() -> str:
    return wanted_page(request.values.get("next", "")) or url_for("admin.board")


def _with_cookie(response: Response, value: str) -> Response:
    name = console_cookie_name()
    response.set_cookie(name, value, secure=name.startswith("__Host-"), httponly=True, samesite="Strict")
    return response


def _without_cookie(response: Response) -> Response:
    """Take the cookie away and what the browser keeps of our pages; `cookies` would reach other hosts' too."""
    name = console_cookie_name()
    response.delete_cookie(name, secure=name.startswith("__Host-"), httponly=True, samesite="Strict")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response

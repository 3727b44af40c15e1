"""For those who cannot sign in yet: asking for a link by mail, and choosing a password with it."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import open_page
from app.admin.forms import REFUSALS, Refusal, refused, sent, shown
from app.domain.password_tokens import RESET_LIFETIME
from app.domain.passwords import MAX_LENGTH, MIN_LENGTH
from app.schemas.auth import PasswordResetConfirmSchema, PasswordResetSchema
from app.services.accounts.password_changes import ask_for_reset, reset_password

_ASKED = "If an account with this address exists, a link is on its way to it."
_MINUTES = int(RESET_LIFETIME.total_seconds() // 60)


@open_page("/forgot-password", methods=("GET", "POST"))
def forgot_password() -> ResponseReturnValue:
    """Ask for a link that sets a new password; the answer is the same for every address."""
    if request.method == "GET":
        return shown("admin/forgot_password.html", minutes=_MINUTES)
    try:
        ask_for_reset(PasswordResetSchema().load(sent("email"))["email"])
    except REFUSALS as error:
        return shown("admin/forgot_password.html", refused(error), minutes=_MINUTES)
    flash(_ASKED)
    return redirect(url_for("admin.login"), 303)


@open_page("/set-password", methods=("GET", "POST"))
def set_password() -> ResponseReturnValue:
    """Choose a password with the secret of a mailed link, which stands behind its # and so in no request's address."""
    if request.method == "GET":
        return _door()
    try:
        body = PasswordResetConfirmSchema().load(sent("token", "password"))
        reset_password(body["token"], body["password"])
    except REFUSALS as error:
        return _door(refused(error))
    flash("Your password is set. Sign in with it.")
    return redirect(url_for("admin.login"), 303)


def _door(problem: Refusal | None = None) -> ResponseReturnValue:
    return shown("admin/set_password.html", problem, shortest=MIN_LENGTH, longest=MAX_LENGTH)

"""One's own second factor: setting it up, the recovery codes, taking it off."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.admin.base import console_page
from app.admin.forms import REFUSALS, Refusal, filled_in, refused, sent, shown
from app.domain.roles import Permission
from app.domain.second_factor import STEP_SECONDS
from app.schemas.auth import CodeSchema, PasswordSchema, SecondFactorRemovalSchema
from app.services.accounts.second_factor import end_enrolment, finish_enrolment, start_enrolment
from app.services.accounts.users import get_own_account
from app.web.security import actor

_GROUP = 4


@console_page("/account/second-factor", Permission.OWN_ACCOUNT)
def second_factor() -> ResponseReturnValue:
    """Show whether two-factor sign-in is on, and the way to the other."""
    return _page()


@console_page("/account/second-factor", Permission.OWN_ACCOUNT, methods=("POST",))
def set_up_second_factor() -> ResponseReturnValue:
    """Show a fresh secret as a picture and as text; it counts once a code of it was typed."""
    try:
        enrolment = start_enrolment(actor(), PasswordSchema().load(sent("password"))["password"])
    except REFUSALS as error:
        return _page(refused(error))
    groups = [enrolment.secret[at : at + _GROUP] for at in range(0, len(enrolment.secret), _GROUP)]
    picture = Markup(enrolment.qr_svg)  # noqa: S704 - drawn by our own service
    return shown("admin/second_factor_code.html", picture=picture, groups=groups, seconds=STEP_SECONDS)


@console_page("/account/second-factor/verify", Permission.OWN_ACCOUNT, methods=("POST",))
def verify_second_factor() -> ResponseReturnValue:
    """Turn two-factor sign-in on and show the recovery codes, this once."""
    typed = {name: "".join(value.split()) for name, value in sent("code").items()}
    try:
        codes = finish_enrolment(actor(), CodeSchema().load(typed)["code"])
    except REFUSALS as error:
        return shown("admin/second_factor_code.html", refused(error), seconds=STEP_SECONDS)
    return shown("admin/recovery_codes.html", codes=codes)


@console_page("/account/second-factor/disable", Permission.SIGNED_IN, methods=("POST",))
def disable_second_factor() -> ResponseReturnValue:
    """Turn two-factor sign-in off; not for roles that must use it."""
    try:
        body = SecondFactorRemovalSchema().load(sent("password") | filled_in("code", "recovery_code"))
        end_enrolment(actor(), body["password"], body["proof"])
    except REFUSALS as error:
        return _page(refused(error))
    flash("Two-factor sign-in is off.")
    return redirect(url_for("admin.second_factor"), 303)


def _page(problem: Refusal | None = None) -> ResponseReturnValue:
    return shown("admin/second_factor.html", problem, user=get_own_account(actor()))

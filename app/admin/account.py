"""One's own account: names and password."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import REFUSALS, Refusal, refused, sent, shown, version_seen
from app.domain.passwords import MAX_LENGTH, min_length
from app.domain.roles import Permission
from app.schemas.auth import OwnAccountChangesSchema, PasswordChangeSchema
from app.services.accounts.password_changes import change_password
from app.services.accounts.users import get_own_account, update_own_account
from app.web.security import actor


@console_page("/account", Permission.OWN_ACCOUNT)
def account() -> ResponseReturnValue:
    """Show one's own account."""
    return _page()


@console_page("/account", Permission.SIGNED_IN, methods=("POST",))
def change_account() -> ResponseReturnValue:
    """Change one's own names."""
    try:
        update_own_account(actor(), OwnAccountChangesSchema().load(sent("first_name", "last_name")), version_seen())
    except REFUSALS as error:
        return _page(refused(error), wrong_form="names")
    flash("Your name was saved.")
    return redirect(url_for("admin.account"), 303)


@console_page("/account/password", Permission.OWN_ACCOUNT, methods=("POST",))
def change_own_password() -> ResponseReturnValue:
    """Change one's own password; every other session ends."""
    try:
        body = PasswordChangeSchema().load(sent("old_password", "new_password"))
        change_password(actor(), body["old_password"], body["new_password"])
    except REFUSALS as error:
        return _page(refused(error), wrong_form="password")
    flash("Your password was changed. You are signed out everywhere else.")
    return redirect(url_for("admin.account"), 303)


def _page(problem: Refusal | None = None, wrong_form: str = "") -> ResponseReturnValue:
    own = get_own_account(actor())
    shortest = min_length(has_second_factor=own.is_2fa_enabled)
    return shown(
        "admin/account.html", problem, user=own, wrong_form=wrong_form, shortest=shortest, longest=MAX_LENGTH
    )  # fmt: skip

"""What administrators do with one account besides changing it. What cannot be taken back easily asks again first."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import REFUSALS, refused, shown, version_seen
from app.admin.users import ONE_USER, user_page
from app.domain.roles import Permission
from app.services.accounts.administration import (
    disable_user,
    enable_user,
    get_user,
    invite_again,
    remove_second_factor,
    unlock_user,
)
from app.web.security import actor


@console_page(f"{ONE_USER}/unlock", Permission.WRITE_USERS, methods=("POST",))
def unlock(user_id: int) -> ResponseReturnValue:
    """Open an account that was locked by failed attempts."""
    return _do(user_id, lambda: unlock_user(actor(), user_id), "The account is unlocked.")


@console_page(f"{ONE_USER}/invite", Permission.WRITE_USERS, methods=("POST",))
def invite(user_id: int) -> ResponseReturnValue:
    """Mail a new invitation; the one before opens nothing any more."""
    return _do(user_id, lambda: invite_again(actor(), user_id), "A new invitation is on its way.")


@console_page(f"{ONE_USER}/enable", Permission.WRITE_USERS, methods=("POST",))
def enable(user_id: int) -> ResponseReturnValue:
    """Open a closed account again."""
    return _do(user_id, lambda: enable_user(actor(), user_id, version_seen()), "The account is open again.")


@console_page(f"{ONE_USER}/disable", Permission.WRITE_USERS, methods=("GET", "POST"))
def disable(user_id: int) -> ResponseReturnValue:
    """Close an account, once it was asked whether that is meant."""
    if request.method == "GET":
        return shown("admin/disable_user.html", user=get_user(actor(), user_id))
    return _do(user_id, lambda: disable_user(actor(), user_id, version_seen()), "The account is disabled.")


@console_page(f"{ONE_USER}/reset-2fa", Permission.WRITE_USERS, methods=("GET", "POST"))
def reset_second_factor(user_id: int) -> ResponseReturnValue:
    """Take off the second factor of somebody who lost it, once it was asked whether that is meant."""
    if request.method == "GET":
        return shown("admin/reset_second_factor.html", user=get_user(actor(), user_id))
    return _do(user_id, lambda: remove_second_factor(actor(), user_id), "Two-factor sign-in was taken off.")


def _do(user_id: int, work: Callable[[], Any], done: str) -> ResponseReturnValue:
    try:
        work()
    except REFUSALS as error:
        return user_page(user_id, refused(error))
    flash(done)
    return redirect(url_for("admin.user", user_id=user_id), 303)

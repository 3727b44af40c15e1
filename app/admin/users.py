"""The practice's accounts: finding them, making one, one account's page."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.forms import REFUSALS, Refusal, refused, sent, shown, version_seen
from app.domain.password_tokens import INVITATION_LIFETIME
from app.domain.roles import Permission
from app.domain.users import UserQuery
from app.schemas.users import NewUserSchema, UserFields, UserQuerySchema
from app.services.accounts.administration import add_user, get_user, list_users, update_user
from app.services.accounts.sign_ins import last_sign_ins
from app.web.security import actor

ONE_USER = "/users/<int(max=2147483647):user_id>"
_FIELDS = ("email", "first_name", "last_name", "role")
_HOURS = int(INVITATION_LIFETIME.total_seconds() // 3600)


@console_page("/users", Permission.READ_USERS)
def users() -> ResponseReturnValue:
    """List and search the practice's accounts."""
    query: UserQuery = load_query(UserQuerySchema())
    page = list_users(actor(), query)
    sign_ins = last_sign_ins(actor(), [user.id for user in page.items])
    return render_template("admin/users.html", query=query, page=page, sign_ins=sign_ins)


@console_page("/users/new", Permission.WRITE_USERS, methods=("GET", "POST"))
def new_user() -> ResponseReturnValue:
    """Make an account, whose owner is invited by mail."""
    if request.method == "GET":
        return shown("admin/new_user.html", hours=_HOURS)
    try:
        made = add_user(actor(), NewUserSchema().load(sent(*_FIELDS)))
    except REFUSALS as error:
        return shown("admin/new_user.html", refused(error), hours=_HOURS)
    flash("The account was made. An invitation is on its way to its owner.")
    return redirect(url_for("admin.user", user_id=made.id), 303)


@console_page(ONE_USER, Permission.READ_USERS)
def user(user_id: int) -> ResponseReturnValue:
    """Show one account and what can be done with it."""
    return user_page(user_id)


@console_page(ONE_USER, Permission.WRITE_USERS, methods=("POST",))
def change_user(user_id: int) -> ResponseReturnValue:
    """Change names, address or role, unless somebody else did meanwhile."""
    try:
        update_user(actor(), user_id, UserFields(partial=True).load(sent(*_FIELDS)), version_seen())
    except REFUSALS as error:
        return user_page(user_id, refused(error))
    flash("The changes were saved.")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def user_page(user_id: int, problem: Refusal | None = None) -> ResponseReturnValue:
    """Show one account as it is now, and what could not be done with it."""
    account = get_user(actor(), user_id)
    signed_in_at = last_sign_ins(actor(), [user_id]).get(user_id)
    return shown("admin/user.html", problem, user=account, signed_in_at=signed_in_at)

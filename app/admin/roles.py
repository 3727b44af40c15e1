"""What roles may do, and how the practice's people must sign in."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import REFUSALS, refused, shown
from app.domain.roles import GRANTS, Permission, Role
from app.schemas.users import SignInPolicySchema
from app.services.practices import change_sign_in_policy, get_sign_in_policy
from app.web.security import actor


@console_page("/roles", Permission.READ_USERS)
def roles() -> ResponseReturnValue:
    """Show the role table, which is part of the program."""
    table = {permission: [role for role in Role if role in GRANTS[permission]] for permission in Permission}
    return render_template("admin/roles.html", table=table, staff=table[Permission.USE_CONSOLE])


@console_page("/policy", Permission.READ_USERS)
def policy() -> ResponseReturnValue:
    """Show which roles must use two-factor sign-in."""
    return shown("admin/policy.html", required=get_sign_in_policy(actor()).require_2fa_for, roles=Role)


@console_page("/policy", Permission.WRITE_USERS, methods=("POST",))
def change_policy() -> ResponseReturnValue:
    """Say which roles must use two-factor sign-in."""
    chosen = request.form.getlist("require_2fa_for")
    try:
        change_sign_in_policy(actor(), SignInPolicySchema().load({"require_2fa_for": chosen}))
    except REFUSALS as error:
        return shown("admin/policy.html", refused(error), required=chosen, roles=Role)
    flash("The rules were saved. They hold from everybody's next click on.")
    return redirect(url_for("admin.policy"), 303)

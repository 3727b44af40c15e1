"""The console's blueprint and its doors: no page can be added without saying who may see it."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from app.admin.targets import wanted_page
from app.domain.errors import PermissionDenied
from app.domain.roles import Permission
from app.web.damaged_values import damage_shown_as_marks
from app.web.identity import CONSOLE
from app.web.security import actor, refuse_odd_query

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

console = Blueprint("admin", __name__, url_prefix=CONSOLE)


def console_page(
    rule: str, permission: Permission, methods: Sequence[str] = ("GET",), otherwise: str | None = None
) -> Callable[[View], View]:
    """Add a page for signed-in staff with the permission; others go to the page `otherwise`, or are refused."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if g.get("actor") is None:
                return _to_login()
            if actor().must_set_up_2fa and permission is not Permission.OWN_ACCOUNT:
                return _to_set_up()
            if may(Permission.USE_CONSOLE) and may(permission):
                with damage_shown_as_marks():
                    return view(*args, **kwargs)
            if otherwise and may(Permission.USE_CONSOLE):
                return redirect(url_for(otherwise))
            raise PermissionDenied

        return cast(View, _added(guarded, rule, permission, methods))

    return decorate


def open_page(rule: str, methods: Sequence[str] = ("GET",)) -> Callable[[View], View]:
    """Add a page that needs nobody signed in: those by which one gets in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def open_to_all(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            return view(*args, **kwargs)

        return cast(View, _added(open_to_all, rule, None, methods))

    return decorate


def may(permission: Permission | str) -> bool:
    """Say whether the person who is signed in, if any, holds the permission."""
    return bool(g.get("actor")) and actor().may(Permission(permission))


def permission_of(endpoint: str | None) -> Permission | None:
    """Return what one must hold to see a page; None: nobody need be signed in."""
    view = current_app.view_functions.get(endpoint or "")
    permission: Permission | None = getattr(view, "required_permission", Permission.SIGNED_IN)
    return permission


def is_open(endpoint: str | None) -> bool:
    """Say whether the endpoint is a page of the console that needs nobody signed in."""
    return permission_of(endpoint) is None and request.blueprint == console.name


def load_query(schema: Schema) -> Any:
    """Read the query string by a schema of the API; forms send what was left open as blank, which counts as absent."""
    refuse_odd_query(takes_query=True)
    return schema.load({name: value for name, value in request.args.items() if value.strip()})


def is_htmx() -> bool:
    """Say whether htmx asks for a part of the page that is shown already."""
    return "HX-Request" in request.headers


def _added(view: Callable[..., Any], rule: str, permission: Permission | None, methods: Sequence[str]) -> Any:
    view.required_permission = permission  # type: ignore[attr-defined]
    console.add_url_rule(rule, view_func=view, methods=list(methods))
    return view


def _to_login() -> ResponseReturnValue:
    """Ask to sign in and come back; htmx must leave the page for that, not put the form into it.

    Who follows a link from elsewhere may be signed in though the strict cookie is not sent: a page of ours asks again.
    """
    shown = request.full_path if request.method == "GET" else request.headers.get("HX-Current-URL", "")
    login = url_for("admin.login", next=wanted_page(shown))
    if is_htmx():
        return Response(status=401, headers={"HX-Redirect": login})
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return render_template("admin/onward.html", login=login)
    return redirect(login)


def _to_set_up() -> ResponseReturnValue:
    """Lead whoever must use a second factor to the page that sets it up; nothing else is shown before."""
    page = url_for("admin.second_factor")
    return Response(status=403, headers={"HX-Redirect": page}) if is_htmx() else redirect(page, 303)

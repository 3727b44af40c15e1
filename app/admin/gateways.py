"""Integrations with device vendors: registering one, its settings, its secrets, its accounts, a test."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled, filled_in
from app.domain.gateways import CONNECTION_OPTIONS, CREDENTIALS
from app.domain.paging import MAX_PAGE_SIZE, PageRequest
from app.domain.roles import Permission
from app.gateways.registry import ALL, VENDORS
from app.schemas.gateways import GatewayChangesSchema, NewAccountSchema, NewGatewaySchema
from app.services.gateways.accounts import link_account, list_accounts, revoke_account
from app.services.gateways.registration import (
    GatewayLine,
    create_gateway,
    get_gateway,
    list_gateways,
    retire_secret,
    rotate_secret,
    update_gateway,
)
from app.services.gateways.trying import send_test_event
from app.web.security import actor

_ALL = PageRequest(page_size=MAX_PAGE_SIZE)
_OPTION = "option-"


@console_page("/integrations/gateways", Permission.MANAGE_INTEGRATIONS)
def gateways() -> ResponseReturnValue:
    """List the integrations, and register another."""
    return _list()


@console_page("/integrations/gateways/new", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def new_gateway() -> ResponseReturnValue:
    """Register an integration; the page that answers shows its secret, this once."""
    made: list[GatewayLine] = []
    done = attempt("new", lambda: _create(made))
    if isinstance(done, Refusal):
        return _list(done)
    return _page(made[0])


@console_page("/integrations/gateways/<uuid:integration_id>", Permission.MANAGE_INTEGRATIONS, methods=("GET", "POST"))
def gateway(integration_id: UUID) -> ResponseReturnValue:
    """Show an integration, and change its settings."""
    if request.method == "GET":
        return _page(get_gateway(actor(), integration_id))
    done = attempt("settings", lambda: _change(integration_id))
    if isinstance(done, Refusal):
        return _page(get_gateway(actor(), integration_id), done)
    flash("The settings were saved.")
    return redirect(url_for("admin.gateway", integration_id=done), 303)


@console_page("/integrations/gateways/<uuid:integration_id>/rotate", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def rotate_gateway_secret(integration_id: UUID) -> ResponseReturnValue:
    """Make a new secret, shown this once."""
    made: list[GatewayLine] = []

    def rotate() -> UUID:
        made.append(rotate_secret(actor(), integration_id))
        return integration_id

    done = attempt("secret", rotate)
    return _page(made[0]) if made else _page(get_gateway(actor(), integration_id), _refused(done))


@console_page("/integrations/gateways/<uuid:integration_id>/retire", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def retire_gateway_secret(integration_id: UUID) -> ResponseReturnValue:
    """End the old secret."""
    done = attempt("secret", lambda: retire_secret(actor(), integration_id).integration.id)
    if isinstance(done, Refusal):
        return _page(get_gateway(actor(), integration_id), done)
    flash("Only the new secret is good now.")
    return redirect(url_for("admin.gateway", integration_id=done), 303)


@console_page("/integrations/gateways/<uuid:integration_id>/test", Permission.MANAGE_INTEGRATIONS, methods=("POST",))
def test_gateway(integration_id: UUID) -> ResponseReturnValue:
    """Send a test, and show how it fares."""
    done = attempt("test", lambda: send_test_event(actor(), integration_id))
    if isinstance(done, Refusal):
        return _page(get_gateway(actor(), integration_id), done)
    flash("A test was sent. This is its delivery; reload in a second to see how it fared.")
    return redirect(url_for("admin.delivery", delivery_id=done), 303)


@console_page(
    "/integrations/gateways/<uuid:integration_id>/accounts", Permission.MANAGE_INTEGRATIONS, methods=("POST",)
)
def link_gateway_account(integration_id: UUID) -> ResponseReturnValue:
    """Link an account at a vendor that is fetched from, or link it again."""
    done = attempt("account", lambda: _link(integration_id))
    if isinstance(done, Refusal):
        return _page(get_gateway(actor(), integration_id), done)
    flash("The account was linked. Replay what waits for it in the inbox.")
    return redirect(url_for("admin.gateway", integration_id=integration_id), 303)


@console_page(
    "/integrations/gateways/<uuid:integration_id>/accounts/<uuid:account_id>/revoke", Permission.MANAGE_INTEGRATIONS,
    methods=("POST",),
)  # fmt: skip
def revoke_gateway_account(integration_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """Forget an account's tokens."""
    revoke_account(actor(), integration_id, account_id)
    flash("The account's tokens are gone; nothing is fetched for it until it is linked again.")
    return redirect(url_for("admin.gateway", integration_id=integration_id), 303)


def _link(integration_id: UUID) -> UUID:
    entered = filled_in("subject", "refresh_token")
    return link_account(actor(), integration_id, NewAccountSchema().load(dict(entered))).id


def _create(made: list[GatewayLine]) -> UUID:
    vendor = VENDORS.get(request.form.get("vendor", ""))
    entered: dict[str, object] = dict(filled_in("vendor", "name", "username"))
    entered["auth_mode"] = request.form.get("auth_mode") or (vendor.auth_modes[0].value if vendor else "")
    entered["networks"] = request.form.get("networks", "").split()
    made.append(create_gateway(actor(), NewGatewaySchema().load(entered)))
    return made[0].integration.id


def _change(integration_id: UUID) -> UUID:
    names = [name for name in request.form if name.startswith(_OPTION)]
    entered: dict[str, object] = dict(filled_in("name", "auth_mode"))
    entered |= {name: request.form.get(name, "") for name in ("header", "username")}
    entered["networks"] = request.form.get("networks", "").split()
    entered["options"] = {name.removeprefix(_OPTION): value for name in names if (value := request.form[name].strip())}
    entered["is_active"] = "is_active" in request.form
    changes = GatewayChangesSchema(partial=True).load(entered)
    return update_gateway(actor(), integration_id, changes, None).integration.id


def _refused(done: UUID | Refusal) -> Refusal:
    return done if isinstance(done, Refusal) else NO_REFUSAL


def _list(refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    page = list_gateways(actor(), _ALL)
    form = filled(refusal, "new")
    return render_template("admin/gateways.html", page=page, vendors=ALL, f=form, refusal=refusal), refusal.status


def _page(line: GatewayLine, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    held = line.integration
    values = {
        "name": held.name, "auth_mode": held.auth_mode, "header": held.header, "username": held.username,
        "networks": " ".join(held.networks), "is_active": "yes" if held.is_active else "",
        **{f"{_OPTION}{name}": value for name, value in held.options.items()},
    }  # fmt: skip
    page = render_template(
        "admin/gateway.html", line=line, f=filled(refusal, "settings", values), refusal=refusal, **_fetching(line)
    )
    return page, refusal.status


def _fetching(line: GatewayLine) -> dict[str, object]:
    """What a page shows of a vendor that is fetched from; nothing of others."""
    if not line.vendor.parse_fetched:
        return {"connection": {}, "credentials": {}, "accounts": None}
    accounts = list_accounts(actor(), line.integration.id, _ALL)
    return {"connection": CONNECTION_OPTIONS, "credentials": CREDENTIALS, "accounts": accounts}

"""Integrations with device vendors (`/api/v1/integrations/gateways/`)."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.integrations import integrations
from app.domain.gateways import NewAccount, NewGateway
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.gateways import (
    AccountSchema,
    GatewayChangesSchema,
    GatewaySchema,
    GatewayWithSecretSchema,
    NewAccountSchema,
    NewGatewaySchema,
    TestEventSchema,
)
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
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

__all__ = ["integrations"]


def _tagged(line: GatewayLine) -> Any:
    return line, etag(line.integration.version)


@integrations.route("/gateways/")
class Gateways(MethodView):
    """All of the practice."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.arguments(PageOnlySchema, location="query")
    @integrations.response(200, page_of(GatewaySchema))
    def get(self, paging: PageRequest) -> Any:
        """List integrations with device vendors, newest first."""
        return page_body(list_gateways(actor(), paging))

    @requires(Permission.MANAGE_INTEGRATIONS, is_replayable=False)
    @integrations.arguments(NewGatewaySchema)
    @integrations.response(201, GatewayWithSecretSchema)
    def post(self, new: NewGateway) -> Any:
        """Register an integration; its secret is shown this once."""
        return _tagged(create_gateway(actor(), new))


@integrations.route("/gateways/<uuid:integration_id>/")
class OneGateway(MethodView):
    """One integration."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(200, GatewaySchema)
    def get(self, integration_id: UUID) -> Any:
        """Return an integration, without its secrets."""
        return _tagged(get_gateway(actor(), integration_id))

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.arguments(GatewayChangesSchema(partial=True))
    @integrations.response(200, GatewaySchema)
    def patch(self, changes: dict[str, Any], integration_id: UUID) -> Any:
        """Change the settings that are named; `is_active` switches it off and on."""
        return _tagged(update_gateway(actor(), integration_id, changes, expected_version()))


@integrations.route("/gateways/<uuid:integration_id>/rotate-secret/")
class GatewaySecretRotation(MethodView):
    """A new secret."""

    @requires(Permission.MANAGE_INTEGRATIONS, is_replayable=False)
    @integrations.response(200, GatewayWithSecretSchema)
    def post(self, integration_id: UUID) -> Any:
        """Make a new secret, shown this once; the old one stays good until it is retired."""
        return _tagged(rotate_secret(actor(), integration_id))


@integrations.route("/gateways/<uuid:integration_id>/retire-secret/")
class GatewaySecretRetirement(MethodView):
    """The end of the old secret."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(200, GatewaySchema)
    def post(self, integration_id: UUID) -> Any:
        """End the secret of before the rotation."""
        return _tagged(retire_secret(actor(), integration_id))


@integrations.route("/gateways/<uuid:integration_id>/test/")
class GatewayTest(MethodView):
    """Whether it works."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(202, TestEventSchema)
    def post(self, integration_id: UUID) -> Any:
        """Send a test in the vendor's shape through the whole pipe; it leaves no reading."""
        return {"delivery_id": send_test_event(actor(), integration_id)}


@integrations.route("/gateways/<uuid:integration_id>/accounts/")
class GatewayAccounts(MethodView):
    """The accounts at a vendor that is fetched from."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.arguments(PageOnlySchema, location="query")
    @integrations.response(200, page_of(AccountSchema))
    def get(self, paging: PageRequest, integration_id: UUID) -> Any:
        """List an integration's accounts by what the vendor calls them."""
        return page_body(list_accounts(actor(), integration_id, paging))

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.arguments(NewAccountSchema)
    @integrations.response(201, AccountSchema)
    def post(self, new: NewAccount, integration_id: UUID) -> Any:
        """Link an account, or link it again with a new token."""
        return link_account(actor(), integration_id, new)


@integrations.route("/gateways/<uuid:integration_id>/accounts/<uuid:account_id>/revoke/")
class GatewayAccountRevocation(MethodView):
    """The end of an account's tokens."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @integrations.response(200, AccountSchema)
    def post(self, integration_id: UUID, account_id: UUID) -> Any:
        """Forget an account's tokens; nothing is fetched for it until it is linked again."""
        return revoke_account(actor(), integration_id, account_id)

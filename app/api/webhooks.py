"""Webhooks of device vendors, and the inbox that keeps them (`/api/v1/webhooks/`)."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from app.api.base import BASE, EndpointGroup
from app.domain.inbox import InboxFilter, InboxQuery, NewOwner
from app.domain.roles import Permission
from app.schemas.base import page_of
from app.schemas.inbox import (
    AttachedSchema,
    AttachSchema,
    DeliverySchema,
    DryRunQuery,
    InboxQuerySchema,
    ManyReplaySchema,
    OneDeliverySchema,
    ReceivedSchema,
    ReplayManySchema,
    ReplaySchema,
    WebhookQuery,
)
from app.services.gateways.attaching import attach
from app.services.gateways.inbox import list_deliveries, read_inbox
from app.services.gateways.receiving import is_known, take_in
from app.services.gateways.replaying import get_replay, replay_delivery, start_replay
from app.web.raw_bodies import incoming
from app.web.responses import page_body
from app.web.security import actor, public, requires

webhooks = EndpointGroup("webhooks", __name__, description="What device vendors send, and what became of it")
probes = Blueprint("webhook_probes", __name__, url_prefix=f"{BASE}/webhooks")
_ANY_BODY = {
    "required": True,
    "description": "Whatever the vendor sends, to the byte; at most 1 MB.",
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
}


@webhooks.route("/<uuid:integration_id>/")
class Webhook(MethodView):
    """An integration's address."""

    @public
    @webhooks.doc(security=[], requestBody=_ANY_BODY)
    @webhooks.arguments(WebhookQuery, location="query")
    @webhooks.response(200, ReceivedSchema)
    def post(self, query: dict[str, Any], integration_id: UUID) -> Any:
        """Take a vendor's message in: it is stored for good when this answers, and read right afterwards."""
        return {"received": True, "id": take_in(integration_id, incoming(query["key"]))}


@probes.route("/<uuid:integration_id>/", methods=["HEAD"])
def probe(integration_id: UUID) -> ResponseReturnValue:
    """Tell a vendor that subscribes that somebody listens here."""
    return "", 200 if is_known(integration_id) else 404


@webhooks.route("/inbox/")
class Inbox(MethodView):
    """What came in."""

    @requires(Permission.READ_INBOX)
    @webhooks.arguments(InboxQuerySchema, location="query")
    @webhooks.response(200, page_of(DeliverySchema))
    def get(self, query: InboxQuery) -> Any:
        """List deliveries, newest first; no payload is opened."""
        return page_body(list_deliveries(actor(), query))


@webhooks.route("/inbox/<uuid:delivery_id>/")
class OneDelivery(MethodView):
    """One delivery."""

    @requires(Permission.READ_INBOX)
    @webhooks.response(200, OneDeliverySchema)
    def get(self, delivery_id: UUID) -> Any:
        """Return a delivery with its payload, its verdict, and what became of each message in it."""
        return read_inbox(actor(), delivery_id)


@webhooks.route("/inbox/<uuid:delivery_id>/replay/")
class DeliveryReplay(MethodView):
    """Applying a delivery again."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @webhooks.arguments(DryRunQuery, location="query")
    @webhooks.response(200, ReplaySchema)
    def post(self, is_dry: bool, delivery_id: UUID) -> Any:
        """Apply a delivery again; with `dry_run=1` only say what that would create or correct."""
        return replay_delivery(actor(), delivery_id, is_dry=is_dry)


@webhooks.route("/inbox/<uuid:delivery_id>/attach/")
class DeliveryAttachment(MethodView):
    """An unknown device's owner."""

    @requires(Permission.WRITE_DEVICES)
    @webhooks.arguments(AttachSchema)
    @webhooks.response(200, AttachedSchema)
    def post(self, owner: tuple[NewOwner, str | None], delivery_id: UUID) -> Any:
        """Give the device of an orphan delivery to a patient, and take in all that waited of that device."""
        return attach(actor(), delivery_id, *owner)


@webhooks.route("/inbox/replay/")
class InboxReplay(MethodView):
    """Applying many again."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @webhooks.arguments(ReplayManySchema)
    @webhooks.response(202, ManyReplaySchema)
    def post(self, wanted: InboxFilter) -> Any:
        """Have many deliveries applied again by a job; what was applied before stays as it is."""
        return start_replay(actor(), wanted)


@webhooks.route("/inbox/replays/<uuid:replay_id>/")
class OneInboxReplay(MethodView):
    """How far a replay of many is."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @webhooks.response(200, ManyReplaySchema)
    def get(self, replay_id: UUID) -> Any:
        """Return how many of a replay's deliveries are done, and what that created."""
        return get_replay(actor(), replay_id)

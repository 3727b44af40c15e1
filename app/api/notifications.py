"""Notifications (`/api/v1/notifications/`): one's own, how one wants them, and how the practice's go out."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.domain.notifications.settings import DeliveryQuery, NewPushToken, NotificationQuery, ProviderSettings
from app.domain.paging import Page, PageRequest
from app.domain.roles import Permission
from app.schemas.base import NothingSchema, PageOnlySchema, page_of
from app.schemas.notifications import (
    DeliveryQuerySchema,
    MarkedSchema,
    NewPushTokenSchema,
    NotificationQuerySchema,
    NotificationSchema,
    PreferencesChangesSchema,
    PreferencesSchema,
    ProviderSchema,
    ProviderSettingsSchema,
    PushTokenSchema,
    SendingSchema,
)
from app.services.notifications.deliveries import list_deliveries, retry_delivery
from app.services.notifications.inbox import list_notifications, mark_all_read, mark_read
from app.services.notifications.preferences import change_preferences, get_preferences
from app.services.notifications.providers import list_providers, save_provider
from app.services.notifications.push_tokens import list_push_tokens, register_push_token, remove_push_token
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

notifications = EndpointGroup("notifications", __name__, description="Notifications and how they go out")


@notifications.route("/")
class Notifications(MethodView):
    """One's own notifications."""

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(NotificationQuerySchema, location="query")
    @notifications.response(200, page_of(NotificationSchema))
    def get(self, query: NotificationQuery) -> Any:
        """List one's own notifications, newest first."""
        return page_body(list_notifications(actor(), query))


@notifications.route("/read/")
class AllRead(MethodView):
    """Reading them all."""

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(NothingSchema, required=False)
    @notifications.response(200, MarkedSchema)
    def post(self, _body: dict[str, Any]) -> Any:
        """Mark all of one's notifications as read."""
        return {"marked": mark_all_read(actor())}


@notifications.route("/<uuid:notification_id>/read/")
class OneRead(MethodView):
    """Reading one."""

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(NothingSchema, required=False)
    @notifications.response(200, NotificationSchema)
    def post(self, _body: dict[str, Any], notification_id: UUID) -> Any:
        """Mark one of one's notifications as read."""
        return mark_read(actor(), notification_id)


@notifications.route("/preferences/")
class OwnPreferences(MethodView):
    """How one wants to be told."""

    @requires(Permission.SIGNED_IN)
    @notifications.response(200, PreferencesSchema)
    def get(self) -> Any:
        """Return one's own channels, quiet hours, digest and phone."""
        own = get_preferences(actor())
        return own, etag(own.chosen.version)

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(PreferencesChangesSchema)
    @notifications.response(200, PreferencesSchema)
    def patch(self, changes: dict[str, Any]) -> Any:
        """Change them."""
        own = change_preferences(actor(), changes, expected_version())
        return own, etag(own.chosen.version)


@notifications.route("/push-tokens/")
class PushTokens(MethodView):
    """One's own phones."""

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(PageOnlySchema, location="query")
    @notifications.response(200, page_of(PushTokenSchema))
    def get(self, paging: PageRequest) -> Any:
        """List the phones that get one's push messages."""
        return page_body(list_push_tokens(actor(), paging))

    @requires(Permission.SIGNED_IN)
    @notifications.arguments(NewPushTokenSchema)
    @notifications.response(201, PushTokenSchema)
    def post(self, new: NewPushToken) -> Any:
        """Register a phone; the same phone again changes nothing but who it belongs to."""
        return register_push_token(actor(), new)


@notifications.route("/push-tokens/<uuid:push_token_id>/")
class OnePushToken(MethodView):
    """One phone."""

    @requires(Permission.SIGNED_IN)
    @notifications.response(204)
    def delete(self, push_token_id: UUID) -> Any:
        """Take a phone off."""
        remove_push_token(actor(), push_token_id)


@notifications.route("/providers/")
class Providers(MethodView):
    """Who carries the practice's messages."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @notifications.response(200, page_of(ProviderSchema))
    def get(self) -> Any:
        """List the practice's providers, without their secrets."""
        found = [*list_providers(actor())]
        return page_body(Page(found, len(found), PageRequest()))

    @requires(Permission.MANAGE_INTEGRATIONS)
    @notifications.arguments(ProviderSettingsSchema)
    @notifications.response(200, ProviderSchema)
    def put(self, settings: ProviderSettings) -> Any:
        """Replace the provider of one slot."""
        return save_provider(actor(), settings)


@notifications.route("/deliveries/")
class Deliveries(MethodView):
    """How messages went out."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @notifications.arguments(DeliveryQuerySchema, location="query")
    @notifications.response(200, page_of(SendingSchema))
    def get(self, query: DeliveryQuery) -> Any:
        """List the practice's deliveries; those that were given up are `dead`."""
        return page_body(list_deliveries(actor(), query))


@notifications.route("/deliveries/<uuid:sending_id>/retry/")
class DeliveryRetry(MethodView):
    """Another try."""

    @requires(Permission.MANAGE_INTEGRATIONS)
    @notifications.arguments(NothingSchema, required=False)
    @notifications.response(200, SendingSchema)
    def post(self, _body: dict[str, Any], sending_id: UUID) -> Any:
        """Try a delivery again that was given up."""
        return retry_delivery(actor(), sending_id)

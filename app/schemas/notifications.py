"""Shapes of notifications: what one was told, how one wants to be told, and how messages go out."""

import re
from datetime import time
from typing import Any
from zoneinfo import available_timezones

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from app.domain.notifications.events import CHOOSABLE, EVENTS, Channel, Event, Level
from app.domain.notifications.settings import (
    CARRIERS,
    USUAL_ADDRESSES,
    Carrier,
    DeliveryQuery,
    DeliveryState,
    NewPushToken,
    NotificationQuery,
    Platform,
    ProviderSettings,
    PushService,
    Slot,
)
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, Secret, Text, Whole, YesNo
from app.schemas.patient_parts import Phone

_EVENT = validate.OneOf([event.value for event in Event])
_LEVEL = validate.OneOf([level.value for level in Level])
_EXPO_TOKEN = r"Expo(nent)?PushToken\[[!-~]+\]"  # noqa: S105 - its form
_ASCII = r"^[!-~]+$"
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


class Clock(fields.Field[time]):
    """A time of day, `HH:MM`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = {**self.metadata, "type": "string", "pattern": _CLOCK}

    def _serialize(self, value: time | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value:%H:%M}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> time:
        validate.Regexp(_CLOCK, error="Not a time of day: HH:MM is needed.")(value if isinstance(value, str) else "")
        return time.fromisoformat(value)


class NotificationSchema(Row):
    """Something that one was told; whom it is about is named by id only."""

    id = fields.UUID(required=True, attribute="row.id")
    event = fields.String(required=True, attribute="row.event", validate=_EVENT)
    level = fields.String(required=True, attribute="row.level", validate=_LEVEL)
    title = fields.String(required=True)
    text = fields.String(required=True)
    patient_id = fields.UUID(required=True, allow_none=True, attribute="row.patient_id")
    subject_id = fields.UUID(
        required=True, allow_none=True, attribute="row.subject_id",
        metadata={"description": "The alert, escalation or other thing that it is about."},
    )  # fmt: skip
    created_at = Instant(required=True, attribute="row.created_at")
    read_at = Instant(required=True, allow_none=True, attribute="row.read_at")


class NotificationQuerySchema(PageQuery):
    """Which of one's notifications."""

    unread = fields.String(validate=validate.OneOf(["true", "false"]))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> NotificationQuery:
        unread = data.get("unread")
        return NotificationQuery(paging_of(data), unread == "true" if unread else None)


class MarkedSchema(Schema):
    """How many were marked."""

    marked = fields.Integer(required=True)


def _channels(event: Event) -> fields.List[Any]:
    offered = [channel.value for channel in EVENTS[event].offered]
    return fields.List(
        fields.String(validate=validate.OneOf(offered)), validate=validate.Length(max=len(offered)),
        metadata={"description": EVENTS[event].label},
    )  # fmt: skip


ChannelsBody = Body.from_dict({event.value: _channels(event) for event in CHOOSABLE}, name="NotificationChannels")


class PreferencesChangesSchema(Body):
    """What to change. An event that is left out of `channels` keeps its own."""

    channels = fields.Nested(ChannelsBody)
    quiet_start = Clock(allow_none=True)
    quiet_end = Clock(allow_none=True)
    digest_hour = Whole(low=0, high=23, allow_none=True)
    timezone = fields.String(
        allow_none=True,
        validate=validate.OneOf(frozenset(available_timezones()), error="Not an IANA time zone."),
        metadata={"description": "Null: the practice's."},
    )
    phone = Phone(allow_none=True)

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        if ("quiet_start" in data) != ("quiet_end" in data):
            raise ValidationError("Give both ends of the quiet hours.", "quiet_end")
        start, end = data.get("quiet_start"), data.get("quiet_end")
        if (start is None) != (end is None):
            raise ValidationError("Give both ends of the quiet hours, or null for both.", "quiet_end")
        if start is not None and start == end:
            raise ValidationError("Must differ from the start.", "quiet_end")


class PreferencesSchema(Row):
    """How one is told now; `zone` is the time zone in force."""

    channels = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), required=True,
        metadata={"description": "The channels in force, by event."},
    )  # fmt: skip
    quiet_start = Clock(required=True, allow_none=True, attribute="chosen.quiet_start")
    quiet_end = Clock(required=True, allow_none=True, attribute="chosen.quiet_end")
    digest_hour = fields.Integer(
        required=True, allow_none=True, attribute="chosen.digest_hour",
        metadata={"description": "When routine notifications come together; null sends each by itself."},
    )  # fmt: skip
    timezone = fields.String(required=True, allow_none=True, attribute="chosen.timezone")
    zone = fields.String(required=True)
    phone = fields.String(required=True, allow_none=True, attribute="chosen.phone")


class NewPushTokenSchema(Body):
    """A phone that wants to hear of things."""

    service = fields.String(required=True, validate=validate.OneOf([one.value for one in PushService]))
    token = Secret(longest=4096, required=True, validate=validate.Regexp(_ASCII, error="Not a push token."))
    platform = fields.String(required=True, validate=validate.OneOf([one.value for one in Platform]))

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["service"] == PushService.EXPO.value and not re.fullmatch(_EXPO_TOKEN, data["token"]):
            raise ValidationError("Not an Expo push token.", "token")

    @post_load
    def _token(self, data: dict[str, Any], **_: Any) -> NewPushToken:
        return NewPushToken(PushService(data["service"]), data["token"], Platform(data["platform"]))


class PushTokenSchema(Row):
    """One of one's phones; the token itself is never shown."""

    id = fields.UUID(required=True)
    service = fields.String(required=True)
    platform = fields.String(required=True)
    created_at = Instant(required=True)
    disabled_at = Instant(required=True, allow_none=True)


class ProviderSettingsSchema(Body):
    """Who carries a practice's messages: text messages, and push by FCM and by Expo."""

    slot = fields.String(required=True, validate=validate.OneOf([one.value for one in Slot]))
    carrier = fields.String(required=True, validate=validate.OneOf([one.value for one in Carrier]))
    base_url = Text(load_default=None, allow_none=True, longest=500)
    account = Text(load_default=None, allow_none=True, longest=100, metadata={"description": "Twilio's account SID."})
    sender = Text(
        load_default=None, allow_none=True, longest=50, metadata={"description": "The number texts are from."}
    )
    secret = Secret(
        load_default=None, longest=8000,
        metadata={"description": "Password or token; for FCM the key file's JSON. Never shown; left out, it stays."},
    )  # fmt: skip
    is_active = YesNo(load_default=True)

    @validates_schema
    def _fits(self, data: dict[str, Any], **_: Any) -> None:
        if data["carrier"] not in [one.value for one in CARRIERS[Slot(data["slot"])]]:
            raise ValidationError("Does not carry that kind of message.", "carrier")
        if data["carrier"] == Carrier.HTTP_JSON and data["base_url"] is None:
            raise ValidationError("Needed for this carrier.", "base_url")
        if data["carrier"] == Carrier.TWILIO:
            lacking = [name for name in ("account", "sender") if not re.fullmatch(_ASCII, data[name] or "")]
            if lacking:
                raise ValidationError({name: ["Needed for Twilio, without spaces."] for name in lacking})
        secret = data["secret"] or ""
        if data["carrier"] != Carrier.FCM and not (secret.isascii() and secret.isprintable()):
            raise ValidationError("Must be printable ASCII characters.", "secret")

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> ProviderSettings:
        carrier = Carrier(data.pop("carrier"))
        base_url = data.pop("base_url") or USUAL_ADDRESSES[carrier]
        return ProviderSettings(Slot(data.pop("slot")), carrier, base_url, **data)


class ProviderSchema(Row):
    """A provider, without its secret."""

    slot = fields.String(required=True)
    carrier = fields.String(required=True)
    base_url = fields.String(required=True)
    account = fields.String(required=True, allow_none=True)
    sender = fields.String(required=True, allow_none=True)
    is_active = fields.Boolean(required=True)
    has_secret = fields.Boolean(required=True)
    updated_at = Instant(required=True)


class DeliveryQuerySchema(PageQuery):
    """Which deliveries."""

    state = fields.String(validate=validate.OneOf([one.value for one in DeliveryState]))
    channel = fields.String(validate=validate.OneOf([one.value for one in Channel if one is not Channel.IN_APP]))
    ordering = fields.String(load_default="-created_at", validate=validate.OneOf(["created_at", "-created_at"]))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> DeliveryQuery:
        state, channel = data.get("state"), data.get("channel")
        return DeliveryQuery(
            paging_of(data), DeliveryState(state) if state else None, Channel(channel) if channel else None,
            data["ordering"],
        )  # fmt: skip


class SendingSchema(Row):
    """How one message went out. Neither address nor patient is in it."""

    id = fields.UUID(required=True)
    user_id = fields.Integer(required=True)
    event = fields.String(required=True, validate=_EVENT)
    level = fields.String(required=True, validate=_LEVEL)
    channel = fields.String(required=True)
    item_count = fields.Integer(required=True, metadata={"description": "How many a digest has."})
    state = fields.String(required=True, validate=validate.OneOf([one.value for one in DeliveryState]))
    tries = fields.Integer(required=True)
    failure = fields.String(required=True, allow_none=True)
    due_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    created_at = Instant(required=True)

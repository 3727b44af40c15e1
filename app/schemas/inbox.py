"""Shapes of webhooks and of the inbox that keeps them."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate

from app.domain.devices.catalog import MODELS
from app.domain.inbox import (
    INBOX_ORDERINGS,
    TOLD_OF_DEVICE,
    Change,
    DeliveryKind,
    DeliveryState,
    InboxFilter,
    InboxQuery,
    ItemKind,
    ItemState,
    NewOwner,
)
from app.schemas.base import Body, PageQuery, Row, paging_of
from app.schemas.fields import Instant, StartOfDay, Text

_STATES = [state.value for state in DeliveryState]


class WebhookQuery(Schema):
    """What may stand behind an integration's address; vendors add parameters of their own."""

    class Meta:
        unknown = EXCLUDE

    key = fields.String(load_default="", metadata={"description": "The secret, for vendors that cannot send another."})


class ReceivedSchema(Schema):
    """The message is stored for good; it is read right afterwards."""

    received = fields.Boolean(required=True)
    id = fields.UUID(required=True)


class InboxFields(Schema):
    """Which deliveries."""

    integration_id = fields.UUID()
    state = fields.Enum(DeliveryState, by_value=True, metadata={"enum": _STATES})
    from_ = Instant(data_key="from", attribute="since")
    to = Instant(attribute="until", metadata={"description": "Not included."})
    device = Text(longest=TOLD_OF_DEVICE, metadata={"description": "A device's number as messages name it."})


class InboxQuerySchema(InboxFields, PageQuery):
    """Which page of which deliveries."""

    ordering = fields.String(load_default="-received_at", validate=validate.OneOf(INBOX_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> InboxQuery:
        paging, ordering = paging_of(data), data.pop("ordering")
        return InboxQuery(InboxFilter(**data), paging, ordering)


class ReplayManySchema(InboxFields, Body):
    """Which deliveries to apply again."""

    @post_load
    def _filter(self, data: dict[str, Any], **_: Any) -> InboxFilter:
        return InboxFilter(**data)


class DayInboxQuerySchema(InboxQuerySchema):
    """The same from a form, which asks for days."""

    from_ = StartOfDay(data_key="from", attribute="since")
    to = StartOfDay(days=1, attribute="until")


class DayReplayManySchema(ReplayManySchema):
    """The same from a form, which asks for days."""

    from_ = StartOfDay(data_key="from", attribute="since")
    to = StartOfDay(days=1, attribute="until")


class DryRunQuery(Body):
    """Whether only to look."""

    dry_run = fields.String(load_default="false", validate=validate.OneOf(["1", "0", "true", "false"]))

    @post_load
    def _is_dry(self, data: dict[str, Any], **_: Any) -> bool:
        return data["dry_run"] in {"1", "true"}


class DeliverySchema(Row):
    """A delivery of the list."""

    id = fields.UUID(required=True, attribute="delivery.id")
    integration_id = fields.UUID(required=True, attribute="integration.id")
    integration_name = fields.String(required=True, attribute="integration.name")
    vendor = fields.String(required=True, attribute="integration.vendor")
    kind = fields.String(
        required=True, attribute="delivery.kind", validate=validate.OneOf([kind.value for kind in DeliveryKind])
    )
    state = fields.String(required=True, attribute="delivery.state", validate=validate.OneOf(_STATES))
    problem = fields.String(required=True, allow_none=True)
    received_at = Instant(required=True, attribute="delivery.received_at")
    settled_at = Instant(required=True, allow_none=True, attribute="delivery.settled_at")
    attempts = fields.Integer(required=True, attribute="delivery.attempts")
    verdict = fields.String(required=True, attribute="delivery.verdict")
    auth_mode = fields.String(required=True, attribute="delivery.auth_mode")
    secret_index = fields.Integer(
        required=True, allow_none=True, attribute="delivery.secret_index",
        metadata={"description": "Which secret matched: 0 is the newest."},
    )  # fmt: skip
    content_type = fields.String(required=True, attribute="delivery.content_type")
    size = fields.Integer(required=True, attribute="delivery.size")
    sha256 = fields.String(required=True, attribute="delivery.sha256")
    remote_address = fields.String(required=True, attribute="delivery.remote_address")
    parent_id = fields.UUID(required=True, allow_none=True, attribute="delivery.parent_id")
    counts = fields.Dict(required=True, metadata={"description": "How many of its messages are in which state."})
    devices = fields.List(fields.String(), required=True)


class InboxItemSchema(Row):
    """One message of a delivery and what became of it."""

    position = fields.Integer(required=True, attribute="item.position")
    kind = fields.String(
        required=True, attribute="item.kind", validate=validate.OneOf([kind.value for kind in ItemKind])
    )
    state = fields.String(
        required=True, attribute="item.state", validate=validate.OneOf([state.value for state in ItemState])
    )
    problem = fields.String(required=True, allow_none=True)
    device = fields.String(required=True, allow_none=True, attribute="item.device_key")
    device_id = fields.UUID(required=True, allow_none=True, attribute="item.device_id")
    observation_type = fields.String(required=True, allow_none=True, attribute="item.observation_type")
    measured_at = Instant(required=True, allow_none=True, attribute="item.measured_at")
    observation_id = fields.UUID(required=True, allow_none=True, attribute="item.observation_id")
    record_id = fields.String(required=True, allow_none=True, attribute="item.record_id")


class OneDeliverySchema(DeliverySchema):
    """One delivery with its payload."""

    headers = fields.Dict(required=True, metadata={"description": "Secrets are struck out before they are stored."})
    payload = fields.String(required=True, metadata={"description": "The body as text, secrets struck out."})
    items = fields.List(fields.Nested(InboxItemSchema), required=True)

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """Return the delivery's line with its payload and items."""
        whole = {"headers": obj.headers, "payload": obj.payload, "items": InboxItemSchema(many=True).dump(obj.items)}
        return {**DeliverySchema().dump(obj.line), **whole}


class ItemChangeSchema(Row):
    """What a replay does with one message."""

    position = fields.Integer(required=True, attribute="item.position")
    kind = fields.String(required=True, attribute="item.kind")
    change = fields.String(required=True, validate=validate.OneOf([change.value for change in Change]))
    state = fields.String(required=True, attribute="item.state")
    problem = fields.String(required=True, allow_none=True)
    observation_type = fields.String(required=True, allow_none=True, attribute="item.observation_type")
    measured_at = Instant(required=True, allow_none=True, attribute="item.measured_at")
    values = fields.Dict(required=True, metadata={"description": "By measure, in the unit it is kept in."})
    replaces = fields.Dict(
        required=True, metadata={"description": "The values of the reading that a correction replaces, likewise."}
    )


class ReplaySchema(Row):
    """What a replay of one delivery did, or would do."""

    delivery_id = fields.UUID(required=True)
    dry_run = fields.Boolean(required=True, attribute="is_dry")
    state = fields.String(required=True, validate=validate.OneOf(_STATES))
    problem = fields.String(required=True, allow_none=True)
    changes = fields.List(fields.Nested(ItemChangeSchema), required=True)


class ManyReplaySchema(Row):
    """How far a replay of many is."""

    id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["queued", "running", "done"]))
    total = fields.Integer(required=True)
    done = fields.Integer(required=True)
    created = fields.Integer(required=True)
    corrected = fields.Integer(required=True)
    created_at = Instant(required=True)
    finished_at = Instant(required=True, allow_none=True)


class AttachSchema(Body):
    """To whom the readings of a device belong that we did not know."""

    patient_id = fields.UUID(required=True)
    device_id = fields.UUID(allow_none=True, metadata={"description": "A device of ours that the vendor calls so."})
    model = fields.String(
        attribute="model_id", allow_none=True, validate=validate.OneOf(sorted(MODELS)),
        metadata={"description": "Needed to register a device that is not ours yet."},
    )  # fmt: skip
    from_ = Instant(
        data_key="from", attribute="since", metadata={"description": "Default: the oldest reading that waits."}
    )
    device = Text(longest=TOLD_OF_DEVICE, metadata={"description": "Which device, if several wait in this delivery."})

    @post_load
    def _owner(self, data: dict[str, Any], **_: Any) -> tuple[NewOwner, str | None]:
        device = data.pop("device", None)
        return NewOwner(**data), device


class AttachedSchema(Row):
    """Who holds the device now, and the replay that takes in what waited."""

    device_id = fields.UUID(required=True)
    patient_id = fields.UUID(required=True)
    device = fields.String(required=True)
    replay = fields.Nested(ManyReplaySchema, required=True)

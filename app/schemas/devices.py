"""Shapes of the device inventory."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates

from app.domain.devices.catalog import MODELS, DeviceKind
from app.domain.devices.identity import is_imei
from app.domain.devices.inventory import (
    DEVICE_ORDERINGS,
    ENDINGS,
    MAX_IDENTIFIER,
    DeviceEventKind,
    DeviceQuery,
    DeviceStatus,
    Handback,
    NewAssignment,
    NewDevice,
)
from app.schemas.base import Body, PageQuery, QueryNumber, Row, paging_of
from app.schemas.fields import Instant, Text

_STATUSES = [status.value for status in DeviceStatus]
_MODELS = validate.OneOf(sorted(MODELS))
_SERIAL_OR_IMEI = "A serial number or an IMEI is needed."
_MAX_SILENT_DAYS = 3650


class DeviceModelSchema(Row):
    """A model of the catalogue."""

    id = fields.String(required=True)
    manufacturer = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in DeviceKind]))
    measurements = fields.List(fields.String(), required=True)
    auto_upload = fields.Boolean(required=True, metadata={"description": "Sends by itself, nobody types anything."})
    fda_device = fields.Boolean(required=True, metadata={"description": "A device as FD&C Act 201(h) defines it."})
    regulation = fields.String(required=True, metadata={"description": "Where the FDA classifies it."})


class DeviceFields(Body):
    """What a caller may set of a device."""

    model = fields.String(required=True, attribute="model_id", validate=_MODELS)
    serial = Text(longest=MAX_IDENTIFIER, allow_none=True)
    imei = Text(
        longest=15, form="[0-9]{15}", allow_none=True, metadata={"description": "15 digits with the check digit."}
    )
    vendor = Text(longest=MAX_IDENTIFIER, allow_none=True, metadata={"description": "Whose gateway it sends through."})
    vendor_device_id = Text(longest=MAX_IDENTIFIER, allow_none=True, metadata={"description": "Its number there."})
    gateway_id = Text(
        longest=MAX_IDENTIFIER, allow_none=True,
        metadata={"description": "Its hub, for the record: hubs are replaced, so they never tell whose a reading is."},
    )  # fmt: skip

    @validates("imei")
    def _imei(self, value: Any, data_key: str) -> None:
        if value is not None and not is_imei(value):
            raise ValidationError("Not an IMEI: 15 digits are needed, and the last must be their check digit.")


class NewDeviceSchema(DeviceFields):
    """A device to register."""

    status = fields.Enum(DeviceStatus, by_value=True, load_default=DeviceStatus.IN_STOCK)

    @post_load
    def _device(self, data: dict[str, Any], **_: Any) -> NewDevice:
        if data["status"] is DeviceStatus.ACTIVE:
            raise ValidationError("A device becomes active by being assigned to a patient.", "status")
        if not (data.get("serial") or data.get("imei")):
            raise ValidationError(_SERIAL_OR_IMEI, "serial")
        return NewDevice(**data)


class DeviceChangesSchema(DeviceFields):
    """What to change of a device; the reason goes into its history."""

    status = fields.Enum(DeviceStatus, by_value=True)
    reason = Text(longest=500, blank=True)


class AssignSchema(Body):
    """To whom a device goes, and when."""

    patient_id = fields.UUID(required=True)
    from_ = Instant(data_key="from", attribute="started_at", metadata={"description": "Default: now."})
    until = Instant(attribute="ended_at", metadata={"description": "For a time that is over; default: it lasts."})
    reason = Text(longest=500, blank=True, load_default="")

    @post_load
    def _assignment(self, data: dict[str, Any], **_: Any) -> NewAssignment:
        return NewAssignment(**data)


class HandbackFields(Body):
    """When and why a device is given up, and what became of it."""

    at = Instant(metadata={"description": "Default: now."})
    reason = Text(required=True, longest=500)
    status = fields.Enum(
        DeviceStatus, by_value=True, load_default=DeviceStatus.RETURNED, validate=validate.OneOf(ENDINGS),
        metadata={"enum": [ending.value for ending in ENDINGS]},
    )  # fmt: skip


class UnassignSchema(HandbackFields):
    """The end of an assignment."""

    @post_load
    def _handback(self, data: dict[str, Any], **_: Any) -> Handback:
        return Handback(**data)


class SwapSchema(HandbackFields):
    """Which device takes the place of this one."""

    new_device_id = fields.UUID(required=True)

    @post_load
    def _swap(self, data: dict[str, Any], **_: Any) -> tuple[Any, Handback]:
        return data.pop("new_device_id"), Handback(**data)


class DeviceSchema(Row):
    """A device of the inventory and who holds it now."""

    id = fields.UUID(required=True, attribute="device.id")
    model = fields.String(required=True, attribute="device.model_id")
    manufacturer = fields.String(required=True, attribute="model.manufacturer")
    name = fields.String(required=True, attribute="model.name")
    kind = fields.String(required=True, attribute="model.kind")
    auto_upload = fields.Boolean(required=True, attribute="model.auto_upload")
    fda_device = fields.Boolean(required=True, attribute="model.fda_device")
    serial = fields.String(required=True, allow_none=True, attribute="device.serial")
    imei = fields.String(required=True, allow_none=True, attribute="device.imei")
    vendor = fields.String(required=True, allow_none=True, attribute="device.vendor")
    vendor_device_id = fields.String(required=True, allow_none=True, attribute="device.vendor_device_id")
    gateway_id = fields.String(required=True, allow_none=True, attribute="device.gateway_id")
    status = fields.String(required=True, attribute="device.status", validate=validate.OneOf(_STATUSES))
    patient_id = fields.UUID(required=True, allow_none=True, metadata={"description": "Who holds it now."})
    assigned_at = Instant(required=True, allow_none=True)
    battery_percent = fields.Integer(required=True, allow_none=True)
    signal_percent = fields.Integer(required=True, allow_none=True)
    last_seen_at = Instant(required=True, allow_none=True)
    created_at = Instant(required=True, attribute="device.created_at")
    updated_at = Instant(required=True, attribute="device.updated_at")


class DeviceEventSchema(Row):
    """One line of a device's history."""

    id = fields.UUID(required=True, attribute="event.id")
    kind = fields.String(
        required=True, attribute="event.kind", validate=validate.OneOf([kind.value for kind in DeviceEventKind])
    )
    from_status = fields.String(required=True, allow_none=True, attribute="event.from_status")
    to_status = fields.String(required=True, attribute="event.to_status")
    patient_id = fields.UUID(required=True, allow_none=True, attribute="event.patient_id")
    at = Instant(required=True, attribute="event.at", metadata={"description": "When it happened."})
    recorded_at = Instant(
        required=True, attribute="event.recorded_at", metadata={"description": "When it was entered."}
    )
    user_id = fields.Integer(required=True, allow_none=True, attribute="event.user_id")
    user_email = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, attribute="event.reason")


class HeldDeviceSchema(Row):
    """One time of a patient with a device."""

    id = fields.UUID(required=True, attribute="assignment.id")
    device_id = fields.UUID(required=True, attribute="device.id")
    model = fields.String(required=True, attribute="device.model_id")
    manufacturer = fields.String(required=True, attribute="model.manufacturer")
    name = fields.String(required=True, attribute="model.name")
    kind = fields.String(required=True, attribute="model.kind")
    auto_upload = fields.Boolean(required=True, attribute="model.auto_upload")
    fda_device = fields.Boolean(required=True, attribute="model.fda_device")
    serial = fields.String(required=True, allow_none=True, attribute="device.serial")
    imei = fields.String(required=True, allow_none=True, attribute="device.imei")
    assigned_at = Instant(required=True, attribute="assignment.started_at")
    unassigned_at = Instant(required=True, allow_none=True, attribute="assignment.ended_at")
    is_current = fields.Boolean(required=True)
    battery_percent = fields.Integer(required=True, allow_none=True)
    last_seen_at = Instant(required=True, allow_none=True)


class DeviceQuerySchema(PageQuery):
    """How to list devices."""

    search = Text(
        load_default="", blank=True, longest=MAX_IDENTIFIER,
        metadata={"description": "Part of a serial number, IMEI or vendor number."},
    )  # fmt: skip
    status = fields.Enum(DeviceStatus, by_value=True)
    model = fields.String(attribute="model_id", validate=_MODELS)
    assigned = fields.String(validate=validate.OneOf(["true", "false"]))
    patient_id = fields.UUID(metadata={"description": "Held by this patient now."})
    low_battery = fields.String(
        validate=validate.OneOf(["true", "false"]), metadata={"description": "At most 20 % when last heard of."}
    )
    silent_days = QueryNumber(
        validate=validate.Range(1, _MAX_SILENT_DAYS),
        metadata={"description": "Held by a patient, and not heard of for that many days."},
    )
    ordering = fields.String(load_default="-created_at", validate=validate.OneOf(DEVICE_ORDERINGS))

    @post_load
    def _query(self, data: dict[str, Any], **_: Any) -> DeviceQuery:
        flags = {ours: data.pop(wire) == "true" for wire, ours in _FLAGS.items() if wire in data}
        return DeviceQuery(paging=paging_of(data), **data, **flags)


_FLAGS = {"assigned": "is_assigned", "low_battery": "has_low_battery"}


class HolderSearchSchema(Body):
    """Whom a device may be given to."""

    search = Text(load_default="", blank=True, longest=100)


class IdentifierSchema(Body):
    """A device's number as it was typed or scanned."""

    identifier = Text(required=True, longest=MAX_IDENTIFIER)

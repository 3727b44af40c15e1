"""Devices (`/api/v1/devices/`): catalogue, inventory, who holds which."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from app.api.base import EndpointGroup
from app.api.patients import patients
from app.domain.devices.inventory import DeviceQuery, Handback, NewAssignment, NewDevice
from app.domain.paging import PageRequest
from app.domain.roles import Permission
from app.schemas.base import PageOnlySchema, page_of
from app.schemas.devices import (
    AssignSchema,
    DeviceChangesSchema,
    DeviceEventSchema,
    DeviceModelSchema,
    DeviceQuerySchema,
    DeviceSchema,
    HeldDeviceSchema,
    NewDeviceSchema,
    SwapSchema,
    UnassignSchema,
)
from app.services.devices.custody import assign_device, swap_device, unassign_device
from app.services.devices.directory import list_devices, list_history, list_models, list_patient_devices
from app.services.devices.inventory import DeviceLine, read_device, register_device, update_device
from app.web.responses import etag, expected_version, page_body
from app.web.security import actor, requires

devices = EndpointGroup("devices", __name__, description="Devices at patients' homes")


def _tagged(line: DeviceLine) -> Any:
    return line, etag(line.device.version, line.last_seen_at)


@devices.route("/catalog/")
class DeviceCatalog(MethodView):
    """The models the product knows."""

    @requires(Permission.READ_DEVICES)
    @devices.arguments(PageOnlySchema, location="query")
    @devices.response(200, page_of(DeviceModelSchema))
    def get(self, paging: PageRequest) -> Any:
        """List the models, what they measure and what billing may count on."""
        return page_body(list_models(paging))


@devices.route("/")
class Devices(MethodView):
    """The practice's inventory."""

    @requires(Permission.READ_DEVICES)
    @devices.arguments(DeviceQuerySchema, location="query")
    @devices.response(200, page_of(DeviceSchema))
    def get(self, query: DeviceQuery) -> Any:
        """List devices; search by part of a serial number, IMEI or vendor number."""
        return page_body(list_devices(actor(), query))

    @requires(Permission.WRITE_DEVICES)
    @devices.arguments(NewDeviceSchema)
    @devices.response(201, DeviceSchema)
    def post(self, new: NewDevice) -> Any:
        """Register a device."""
        return _tagged(register_device(actor(), new))


@devices.route("/<uuid:device_id>/")
class OneDevice(MethodView):
    """One device."""

    @requires(Permission.READ_DEVICES)
    @devices.response(200, DeviceSchema)
    def get(self, device_id: UUID) -> Any:
        """Return one device with who holds it."""
        return _tagged(read_device(actor(), device_id))

    @requires(Permission.WRITE_DEVICES)
    @devices.arguments(DeviceChangesSchema(partial=True))
    @devices.response(200, DeviceSchema)
    def patch(self, changes: dict[str, Any], device_id: UUID) -> Any:
        """Change the fields that are named, the status by an allowed move."""
        return _tagged(update_device(actor(), device_id, changes, expected_version()))


@devices.route("/<uuid:device_id>/history/")
class DeviceHistory(MethodView):
    """What happened to a device."""

    @requires(Permission.READ_DEVICES)
    @devices.arguments(PageOnlySchema, location="query")
    @devices.response(200, page_of(DeviceEventSchema))
    def get(self, paging: PageRequest, device_id: UUID) -> Any:
        """List what happened to a device, newest first: what, when, by whom, why."""
        return page_body(list_history(actor(), device_id, paging))


@devices.route("/<uuid:device_id>/assign/")
class DeviceAssign(MethodView):
    """Giving a device to a patient."""

    @requires(Permission.WRITE_DEVICES)
    @devices.arguments(AssignSchema)
    @devices.response(200, DeviceSchema)
    def post(self, new: NewAssignment, device_id: UUID) -> Any:
        """Assign a device to a patient, from now or for a time in the past that overlaps nothing."""
        return _tagged(assign_device(actor(), device_id, new))


@devices.route("/<uuid:device_id>/unassign/")
class DeviceUnassign(MethodView):
    """Taking a device back."""

    @requires(Permission.WRITE_DEVICES)
    @devices.arguments(UnassignSchema)
    @devices.response(200, DeviceSchema)
    def post(self, handback: Handback, device_id: UUID) -> Any:
        """End a device's assignment; readings measured before that instant still are its former holder's."""
        return _tagged(unassign_device(actor(), device_id, handback))


@devices.route("/<uuid:device_id>/swap/")
class DeviceSwap(MethodView):
    """Putting another device in a device's place."""

    @requires(Permission.WRITE_DEVICES)
    @devices.arguments(SwapSchema)
    @devices.response(200, DeviceSchema)
    def post(self, swap: tuple[UUID, Handback], device_id: UUID) -> Any:
        """Let another device take over patient and instant; answers with the new one."""
        return _tagged(swap_device(actor(), device_id, *swap))


@patients.route("/<uuid:patient_id>/devices/")
class PatientDevices(MethodView):
    """A patient's devices."""

    @requires(Permission.READ_DEVICES)
    @patients.arguments(PageOnlySchema, location="query")
    @patients.response(200, page_of(HeldDeviceSchema))
    def get(self, paging: PageRequest, patient_id: UUID) -> Any:
        """List a patient's devices, current ones first."""
        return page_body(list_patient_devices(actor(), patient_id, paging))

"""The inventory of devices, one device's page, and the form that registers a new one."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query, may
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in
from app.domain.devices.catalog import CATALOG
from app.domain.devices.inventory import ASSIGNABLE, ENDINGS, DeviceStatus, refusal_of_move
from app.domain.paging import MAX_PAGE_SIZE, Page, PageRequest
from app.domain.roles import Permission
from app.schemas.devices import DeviceQuerySchema, NewDeviceSchema
from app.services.devices.directory import HeldDevice, list_devices, list_history, list_patient_devices
from app.services.devices.inventory import DeviceLine, read_device, register_device
from app.services.practices import get_timezone
from app.web.security import actor

DETAILS = ("serial", "imei", "vendor", "vendor_device_id", "gateway_id")


@console_page("/devices", Permission.READ_DEVICES)
def devices() -> ResponseReturnValue:
    """List and search the practice's devices."""
    query = load_query(DeviceQuerySchema())
    return render_template("admin/devices.html", query=query, page=list_devices(actor(), query), catalog=CATALOG)


@console_page("/devices/<uuid:device_id>", Permission.READ_DEVICES)
def device(device_id: UUID) -> ResponseReturnValue:
    """Show one device: what it is, who holds it, what may be done with it, what happened to it."""
    return device_page(device_id)


@console_page("/devices/new", Permission.WRITE_DEVICES, methods=("GET", "POST"))
def new_device() -> ResponseReturnValue:
    """Register a device."""
    refusal = NO_REFUSAL
    if request.method == "POST":
        done = attempt("register", _register)
        if not isinstance(done, Refusal):
            return redirect(url_for("admin.device", device_id=done), 303)
        refusal = done
    page = render_template("admin/device_new.html", catalog=CATALOG, refusal=refusal, form=request.form)
    return page, refusal.status


def device_page(device_id: UUID, refusal: Refusal = NO_REFUSAL) -> ResponseReturnValue:
    """Return a device's page, with what was refused beside the form that was sent."""
    line = read_device(actor(), device_id)
    page = render_template(
        "admin/device.html",
        line=line,
        history=list_history(actor(), device_id, PageRequest(page_size=MAX_PAGE_SIZE)),
        moves=allowed_moves(line),
        is_assignable=line.assignment is None and line.status in ASSIGNABLE,
        endings=ENDINGS,
        zone=get_timezone(actor()),
        refusal=refusal,
        form=request.form,
    )
    return page, refusal.status


def allowed_moves(line: DeviceLine) -> list[DeviceStatus]:
    """Return where the device may be moved by hand."""
    is_held = line.assignment is not None
    return [wanted for wanted in DeviceStatus if refusal_of_move(line.status, wanted, is_held=is_held) is None]


def held_devices(patient_id: UUID) -> Page[HeldDevice] | None:
    """Return what the devices part of a patient's page shows; nothing for those who may not see devices."""
    if not may(Permission.READ_DEVICES):
        return None
    return list_patient_devices(actor(), patient_id, PageRequest(page_size=MAX_PAGE_SIZE))


def _register() -> UUID:
    return register_device(actor(), NewDeviceSchema().load(filled_in("model", *DETAILS))).device.id

"""Giving a device to a patient, taking it back, swapping it, moving it on."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.admin.base import console_page, load_query
from app.admin.devices import DETAILS, device_page
from app.admin.forms import NO_REFUSAL, Refusal, attempt, filled_in, moment_in
from app.domain.paging import PageRequest
from app.domain.patients import PatientQuery
from app.domain.roles import Permission
from app.schemas.devices import (
    AssignSchema,
    DeviceChangesSchema,
    HolderSearchSchema,
    IdentifierSchema,
    SwapSchema,
    UnassignSchema,
)
from app.services.devices.custody import assign_device, swap_device, unassign_device
from app.services.devices.inventory import get_device_id, read_device, update_device
from app.services.patients.directory import list_patients
from app.services.patients.records import get_patient
from app.services.practices import get_timezone
from app.web.security import actor

_CANDIDATES = PageRequest(page_size=8)


@console_page("/devices/<uuid:device_id>/assign", Permission.WRITE_DEVICES, methods=("GET", "POST"))
def assign_a_device(device_id: UUID) -> ResponseReturnValue:
    """Choose the patient who gets a device."""
    refusal = NO_REFUSAL
    if request.method == "POST":
        done = attempt("assign", lambda: _assign(device_id))
        if not isinstance(done, Refusal):
            return redirect(url_for("admin.device", device_id=done), 303)
        refusal = done
    search = load_query(HolderSearchSchema())["search"] if request.method == "GET" else ""
    found = list_patients(actor(), PatientQuery(paging=_CANDIDATES, search=search, ordering="last_name"))
    page = render_template(
        "admin/device_assign.html",
        line=read_device(actor(), device_id),
        found=found,
        search=search,
        zone=get_timezone(actor()),
        refusal=refusal,
        form=request.form,
    )
    return page, refusal.status


@console_page("/patients/<uuid:patient_id>/devices/new", Permission.WRITE_DEVICES, methods=("GET", "POST"))
def assign_device_by_number(patient_id: UUID) -> ResponseReturnValue:
    """Give a patient the device whose number was typed or scanned."""
    refusal = NO_REFUSAL
    if request.method == "POST":
        done = attempt("assign", lambda: _assign_by_number(patient_id), not_found="identifier")
        if not isinstance(done, Refusal):
            return redirect(url_for("admin.patient_devices", patient_id=patient_id), 303)
        refusal = done
    page = render_template(
        "admin/patient_device.html",
        patient=get_patient(actor(), patient_id),
        zone=get_timezone(actor()),
        refusal=refusal,
        form=request.form,
    )
    return page, refusal.status


@console_page("/devices/<uuid:device_id>/unassign", Permission.WRITE_DEVICES, methods=("POST",))
def take_device_back(device_id: UUID) -> ResponseReturnValue:
    """End a device's assignment."""
    return _next_page(device_id, attempt("unassign", lambda: _take_back(device_id)))


@console_page("/devices/<uuid:device_id>/swap", Permission.WRITE_DEVICES, methods=("POST",))
def swap_a_device(device_id: UUID) -> ResponseReturnValue:
    """Let another device take a device's place."""
    return _next_page(device_id, attempt("swap", lambda: _swap(device_id), not_found="identifier"))


@console_page("/devices/<uuid:device_id>/status", Permission.WRITE_DEVICES, methods=("POST",))
def move_device(device_id: UUID) -> ResponseReturnValue:
    """Move a device on in its life cycle."""
    return _next_page(device_id, attempt("move", lambda: _move(device_id)))


@console_page("/devices/<uuid:device_id>/details", Permission.WRITE_DEVICES, methods=("POST",))
def correct_device(device_id: UUID) -> ResponseReturnValue:
    """Correct what is written down of a device."""
    return _next_page(device_id, attempt("details", lambda: _correct(device_id)))


def _next_page(device_id: UUID, done: UUID | Refusal) -> ResponseReturnValue:
    """Show the device that an action leads to, or the old one with what was refused."""
    if isinstance(done, Refusal):
        return device_page(device_id, done)
    return redirect(url_for("admin.device", device_id=done), 303)


def _assign(device_id: UUID) -> UUID:
    entered = filled_in("patient_id", "reason") | moment_in(get_timezone(actor()), "from")
    return assign_device(actor(), device_id, AssignSchema().load(entered)).device.id


def _assign_by_number(patient_id: UUID) -> UUID:
    entered = {"patient_id": str(patient_id)} | filled_in("reason") | moment_in(get_timezone(actor()), "from")
    device_id = _device_named()
    return assign_device(actor(), device_id, AssignSchema().load(entered)).device.id


def _take_back(device_id: UUID) -> UUID:
    entered = filled_in("reason", "status") | moment_in(get_timezone(actor()), "at")
    return unassign_device(actor(), device_id, UnassignSchema().load(entered)).device.id


def _swap(device_id: UUID) -> UUID:
    entered = filled_in("reason", "status") | moment_in(get_timezone(actor()), "at")
    new_device_id = _device_named()
    _, handback = SwapSchema().load(entered | {"new_device_id": str(new_device_id)})
    return swap_device(actor(), device_id, new_device_id, handback).device.id


def _move(device_id: UUID) -> UUID:
    changes = DeviceChangesSchema(only=("status", "reason")).load(filled_in("status", "reason"))
    return update_device(actor(), device_id, changes, version=None).device.id


def _correct(device_id: UUID) -> UUID:
    changes = DeviceChangesSchema(partial=True).load({name: filled_in(name).get(name) for name in DETAILS})
    return update_device(actor(), device_id, changes, version=None).device.id


def _device_named() -> UUID:
    return get_device_id(actor(), IdentifierSchema().load(filled_in("identifier"))["identifier"])

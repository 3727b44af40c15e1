"""Lists of devices: the inventory, a device's history, a patient's devices."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, UnaryExpression, func, or_, select

from app.audit import events
from app.crypto.columns import open_ahead
from app.domain.actor import Actor
from app.domain.devices.catalog import CATALOG, MODELS, DeviceModel
from app.domain.devices.inventory import LOW_BATTERY_PERCENT, DeviceOrdering, DeviceQuery
from app.domain.paging import Page, PageRequest
from app.domain.roles import Role
from app.models import Device, DeviceAssignment, DeviceContact, DeviceEvent, Patient, User
from app.services.devices.inventory import DeviceLine, find_visible_line, lines_of
from app.services.patients.records import find_visible
from app.services.transaction import now, transaction


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event of a device, who entered it and which patient it concerns."""

    event: DeviceEvent
    user: User | None
    patient: Patient | None

    @property
    def user_email(self) -> str | None:
        """Who entered it."""
        return self.user.email if self.user else None


@dataclass(frozen=True, slots=True)
class HeldDevice:
    """One time of a patient with a device."""

    assignment: DeviceAssignment
    device: Device
    contact: DeviceContact | None

    @property
    def model(self) -> DeviceModel:
        """What the catalogue says of it."""
        return MODELS[self.device.model_id]

    @property
    def is_current(self) -> bool:
        """Say whether the patient holds it now."""
        return self.assignment.ended_at is None

    @property
    def last_seen_at(self) -> datetime | None:
        """When the device was last heard of, if it is still theirs."""
        return self.contact.last_seen_at if self.contact and self.is_current else None

    @property
    def battery_percent(self) -> int | None:
        """How full its battery was then, if it is still theirs."""
        return self.contact.battery_percent if self.contact and self.is_current else None


def list_models(paging: PageRequest) -> Page[DeviceModel]:
    """Return one page of the catalogue."""
    return Page(list(CATALOG[paging.offset : paging.offset + paging.page_size]), len(CATALOG), paging)


def list_devices(actor: Actor, query: DeviceQuery, at: datetime | None = None) -> Page[DeviceLine]:
    """Return one page of the inventory; a `patient` user sees the devices they hold."""
    conditions = _conditions(actor, query, at or now())
    with transaction() as session:
        wanted = lines_of(actor.practice_id).where(*conditions)
        count = session.scalar(select(func.count()).select_from(wanted.with_only_columns(Device.id).subquery())) or 0
        rows = session.execute(
            wanted.order_by(*_order(query.ordering)).offset(query.paging.offset).limit(query.paging.page_size)
        )
        lines = [DeviceLine(*row) for row in rows]
        shown = {line.patient_id for line in lines if line.patient_id}
        events.record(session, "device:list", "device", subject_ids=sorted(shown))
        return Page(lines, count, query.paging)


def list_history(actor: Actor, device_id: UUID, paging: PageRequest) -> Page[HistoryLine]:
    """Return what happened to a visible device, newest first; a `patient` user sees what concerns them."""
    with transaction() as session:
        line = find_visible_line(session, actor, device_id)
        conditions = [DeviceEvent.practice_id == actor.practice_id, DeviceEvent.device_id == line.device.id]
        if actor.role is Role.PATIENT:
            conditions.append(DeviceEvent.patient_id == actor.patient_id)
        count = session.scalar(select(func.count()).select_from(DeviceEvent).where(*conditions)) or 0
        concerned = (Patient.practice_id == DeviceEvent.practice_id) & (Patient.id == DeviceEvent.patient_id)
        rows = session.execute(
            select(DeviceEvent, User, Patient)
            .outerjoin(User, (User.practice_id == DeviceEvent.practice_id) & (User.id == DeviceEvent.user_id))
            .outerjoin(Patient, concerned)
            .where(*conditions)
            .order_by(DeviceEvent.recorded_at.desc(), DeviceEvent.id.desc())
            .offset(paging.offset)
            .limit(paging.page_size)
        )
        lines = [HistoryLine(*row) for row in rows]
        open_ahead([one.event for one in lines], ["reason_enc"])
        shown = {one.event.patient_id for one in lines if one.event.patient_id}
        events.record(session, "device:history", "device", resource_id=device_id, subject_ids=sorted(shown))
        return Page(lines, count, paging)


def list_patient_devices(actor: Actor, patient_id: UUID, paging: PageRequest) -> Page[HeldDevice]:
    """Return a visible patient's devices, those they hold first, then the former ones, newest first."""
    with transaction() as session:
        patient = find_visible(session, actor, patient_id)
        of_patient = (DeviceAssignment.practice_id == actor.practice_id, DeviceAssignment.patient_id == patient.id)
        count = session.scalar(select(func.count()).select_from(DeviceAssignment).where(*of_patient)) or 0
        same = (Device.practice_id == DeviceAssignment.practice_id) & (Device.id == DeviceAssignment.device_id)
        contact = (DeviceContact.practice_id == Device.practice_id) & (DeviceContact.device_id == Device.id)
        rows = session.execute(
            select(DeviceAssignment, Device, DeviceContact)
            .join(Device, same)
            .outerjoin(DeviceContact, contact)
            .where(*of_patient)
            .order_by(DeviceAssignment.ended_at.is_not(None), DeviceAssignment.started_at.desc(), DeviceAssignment.id)
            .offset(paging.offset)
            .limit(paging.page_size)
        )
        held = [HeldDevice(*row) for row in rows]
        events.record(session, "device_assignment:list", "device_assignment", patient_id=patient.id)
        return Page(held, count, paging)


def _order(ordering: DeviceOrdering) -> tuple[ColumnElement[Any] | UnaryExpression[Any], ...]:
    column = _COLUMNS[ordering.removeprefix("-")]
    if ordering.startswith("-"):
        return column.desc().nulls_last(), Device.id.desc()
    return column.asc().nulls_last(), Device.id.asc()


_COLUMNS: dict[str, ColumnElement[Any]] = {
    "created_at": Device.created_at.expression,
    "serial": Device.serial.expression,
    "last_seen_at": DeviceContact.last_seen_at.expression,
    "battery_percent": DeviceContact.battery_percent.expression,
}


def _conditions(actor: Actor, query: DeviceQuery, at: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if actor.role is Role.PATIENT:
        conditions.append(DeviceAssignment.patient_id == actor.patient_id)
    if query.search:
        numbers = (Device.serial, Device.imei, Device.vendor_device_id)
        conditions.append(or_(*(number.icontains(query.search, autoescape=True) for number in numbers)))
    if query.status is not None:
        conditions.append(Device.status == query.status.value)
    if query.model_id is not None:
        conditions.append(Device.model_id == query.model_id)
    if query.patient_id is not None:
        conditions.append(DeviceAssignment.patient_id == query.patient_id)
    return conditions + _state_conditions(query, at)


def _state_conditions(query: DeviceQuery, at: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions on who holds it, what its battery said and when it was last heard of."""
    conditions: list[ColumnElement[bool]] = []
    if query.is_assigned is not None:
        is_free = DeviceAssignment.id.is_(None)
        conditions.append(~is_free if query.is_assigned else is_free)
    if query.has_low_battery is not None:
        is_low = func.coalesce(DeviceContact.battery_percent <= LOW_BATTERY_PERCENT, False)
        conditions.append(is_low if query.has_low_battery else ~is_low)
    if query.silent_days is not None:
        heard_at = func.coalesce(DeviceContact.last_seen_at, DeviceAssignment.started_at)
        conditions.append(heard_at < at - timedelta(days=query.silent_days))
        conditions.append(DeviceAssignment.id.is_not(None))
    return conditions

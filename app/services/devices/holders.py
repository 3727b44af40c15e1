"""Asking who held a device at an instant: as a question of its own, and as parts of a larger statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Exists, ScalarSelect, func, or_, select
from sqlalchemy.orm import Session

from app.domain.devices.custody import Holding, holder_at
from app.models import Device, DeviceAssignment, DeviceIdentifier
from app.services.devices.inventory import find_by_identifier


@dataclass(frozen=True, slots=True)
class Holder:
    """A registered device and who held it at the instant asked for; nobody when None."""

    device_id: UUID
    patient_id: UUID | None


def holder_of(session: Session, practice_id: UUID, identifier: str, measured_at: datetime) -> Holder | None:
    """Return which device of the practice an identifier names and who held it then; None for an unknown device."""
    device_id = find_by_identifier(session, practice_id, identifier)
    if device_id is None:
        return None
    rows = session.execute(
        select(DeviceAssignment.patient_id, DeviceAssignment.started_at, DeviceAssignment.ended_at).where(
            DeviceAssignment.practice_id == practice_id, DeviceAssignment.device_id == device_id
        )
    )
    return Holder(device_id, holder_at((Holding(*row) for row in rows), measured_at))


def is_registered(practice: BindParameter[UUID], key: BindParameter[str]) -> Exists:
    """Return the question whether the practice has a device of that key, as part of a larger statement."""
    known = (DeviceIdentifier.practice_id == practice, DeviceIdentifier.key == key)
    return select(DeviceIdentifier.device_id).where(*known).exists()


def holder(
    practice: BindParameter[UUID], key: BindParameter[str], measured_at: BindParameter[datetime]
) -> ScalarSelect[UUID]:
    """Return the question who held the device of that key at an instant, by the rule of `holder_at`."""
    same = (DeviceIdentifier.practice_id == DeviceAssignment.practice_id) & (
        DeviceIdentifier.device_id == DeviceAssignment.device_id
    )
    return (
        select(DeviceAssignment.patient_id)
        .join(DeviceIdentifier, same)
        .where(
            DeviceIdentifier.practice_id == practice,
            DeviceIdentifier.key == key,
            DeviceAssignment.started_at <= measured_at,
            or_(DeviceAssignment.ended_at.is_(None), DeviceAssignment.ended_at > measured_at),
        )
        .scalar_subquery()
    )


def model_of(practice: BindParameter[UUID], key: BindParameter[str]) -> ScalarSelect[str]:
    """Return the question which model the device of that key is, as part of a larger statement."""
    same = (Device.practice_id == DeviceIdentifier.practice_id) & (Device.id == DeviceIdentifier.device_id)
    return (
        select(Device.model_id)
        .join(DeviceIdentifier, same)
        .where(DeviceIdentifier.practice_id == practice, DeviceIdentifier.key == key)
        .scalar_subquery()
    )


def key_in_sql(column: Any) -> ColumnElement[str]:
    """Return `identifier_key` of a column of numbers as they were sent, said in SQL; the same for ASCII."""
    return func.lower(func.regexp_replace(column, r"\s", "", "g"))

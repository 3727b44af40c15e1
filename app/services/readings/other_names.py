"""The same reading under another number of its device: sent once by serial number and once by IMEI, it is one reading.

A reading's natural key holds the number as it was sent. Where the number is a registered device's, a reading is known
as well when one of the same patient, instant, kind and values named the same device in any other way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, DateTime, Text, Uuid, bindparam, cast, column, func, select
from sqlalchemy.orm import Session

from app.database.statements import Asked, Statement, send
from app.domain.devices.identity import identifier_key
from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MEASURES
from app.domain.vitals.reading import Reading, natural_key
from app.models import DeviceIdentifier, Observation
from app.services.devices.holders import key_in_sql


def device_key(patient_id: UUID, reading: Reading, device_id: UUID) -> bytes:
    """Return the 32 bytes that two deliveries of one reading share, by whichever number they name the device."""
    return natural_key(patient_id, replace(reading, device_id=str(device_id)))


def ask_stored_then(practice_id: UUID, readings: Sequence[tuple[UUID, Reading]]) -> Asked:
    """Return the question which readings are stored of these patients, at these instants, from these devices.

    All name a device.
    """
    asked = [
        {"patient_id": patient_id, "measured_at": one.measured_at, "key": identifier_key(one.device_id or "")}
        for patient_id, one in readings
    ]
    return _STORED_THEN, {"practice": practice_id, "asked": asked}


def find_by_device(session: Session, practice_id: UUID, patient_id: UUID, reading: Reading) -> UUID | None:
    """Return the id under which a reading from a registered device is stored already."""
    (stored,) = send(session, ask_stored_then(practice_id, [(patient_id, reading)]))
    known = by_device_key(stored)
    return next((known.get(device_key(patient_id, reading, row.registered_id)) for row in stored), None)


def by_device_key(stored: Iterable[Any]) -> dict[bytes, UUID]:
    """Return the ids of stored readings by what `device_key` says of them."""
    return {device_key(row.patient_id, _reading(row), row.registered_id): row.id for row in stored}


def _reading(row: Any) -> Reading:
    values = {measure: getattr(row, measure) for measure in KINDS[row.observation_type].measures}
    return Reading(row.observation_type, row.measured_at, values)


_practice = bindparam("practice", type_=Uuid)
_READINGS = Observation.metadata.tables["observations"]
_NAMES = DeviceIdentifier.metadata.tables["device_identifiers"]
_sent, _stored = _NAMES.alias("sent"), _NAMES.alias("stored")
_asked = (
    func.json_to_recordset(cast(bindparam("asked", type_=JSON), JSON))
    .table_valued(column("patient_id", Uuid), column("measured_at", DateTime(timezone=True)), column("key", Text))
    .render_derived(name="asked", with_types=True)
)
_STORED_THEN = Statement(
    select(
        _READINGS.c.id, _READINGS.c.patient_id, _READINGS.c.observation_type, _READINGS.c.measured_at,
        _sent.c.device_id.label("registered_id"), *(_READINGS.c[name] for name in MEASURES),
    )
    .distinct()
    .select_from(_asked)
    .join(_sent, (_sent.c.practice_id == _practice) & (_sent.c.key == _asked.c.key))
    .join(
        _READINGS,
        (_READINGS.c.practice_id == _practice)
        & (_READINGS.c.patient_id == _asked.c.patient_id)
        & (_READINGS.c.measured_at == _asked.c.measured_at),
    )
    .join(
        _stored,
        (_stored.c.practice_id == _practice)
        & (_stored.c.device_id == _sent.c.device_id)
        & (_stored.c.key == key_in_sql(_READINGS.c.device_id)),
    )
)  # fmt: skip

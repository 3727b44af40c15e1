"""Local days with data from the database: of each patient and day the first reading that can count, in one statement.

The same rule as `app.domain.billing.days.own_exclusion`, said in SQL because a month of a large practice has a million
readings; a test compares the two. The truth table of one patient asks for every reading instead.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text
from sqlalchemy.orm import Session

from app.database.statements import Statement, send
from app.domain.billing.days import Custody, Reading
from app.domain.devices.catalog import MODELS

# Identifiers are compared without spaces and in lower case (`app.domain.devices.identity`).
_KEY = "lower(regexp_replace(o.device_id, '\\s', '', 'g'))"
_DAY = "(o.measured_at AT TIME ZONE p.timezone)::date"
_HELD = """
    JOIN device_identifiers i ON i.practice_id = o.practice_id AND i.key = {key}
    JOIN devices d ON d.practice_id = i.practice_id AND d.id = i.device_id
    JOIN device_assignments a ON a.practice_id = d.practice_id AND a.device_id = d.id AND a.patient_id = o.patient_id
        AND a.started_at <= o.measured_at AND (a.ended_at IS NULL OR a.ended_at > o.measured_at)
"""
# A month of 10,000 patients has 300,000 days, whose patients and assignments are few: ids come as texts, and the same
# text is made an id once.
_COUNTING = Statement(
    text(
        f"""
    SELECT DISTINCT ON (o.patient_id, {_DAY}) o.patient_id::text AS patient_id, {_DAY} AS day, o.id::text AS id,
        o.measured_at, o.device_id, a.id::text AS assignment_id
    FROM observations o
    JOIN patients p ON p.practice_id = o.practice_id AND p.id = o.patient_id
    {_HELD.format(key=_KEY)}
    WHERE o.practice_id = :practice_id AND o.patient_id = ANY(:patient_ids)
        AND o.measured_at >= :since AND o.measured_at < :until
        AND o.status = 'final' AND o.source = 'auto' AND d.model_id = ANY(:medical)
    ORDER BY o.patient_id, {_DAY}, o.measured_at, o.id
    """  # noqa: S608 - constants of this file
    ).bindparams(bindparam("patient_ids", type_=ARRAY(Uuid)), bindparam("medical", type_=ARRAY(Text)))
)
_EVERY = text(
    f"""
    SELECT o.id, o.measured_at, {_DAY} AS day, o.source, o.status, o.device_id, o.created_at, o.zone_offset_minutes,
        o.offset_origin, o.observation_type, o.patient_id, d.id AS registered_id, d.model_id, a.id AS assignment_id
    FROM observations o
    JOIN patients p ON p.practice_id = o.practice_id AND p.id = o.patient_id
    {_HELD.replace("JOIN", "LEFT JOIN").format(key=_KEY)}
    WHERE o.practice_id = :practice_id AND o.patient_id = ANY(:patient_ids)
        AND o.measured_at >= :since AND o.measured_at < :until
    ORDER BY o.measured_at, o.id
    """  # noqa: S608 - constants of this file
)
_MEDICAL = [model.id for model in MODELS.values() if model.fda_device and model.auto_upload]


def load_reading_days(
    session: Session, practice_id: UUID, patient_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, tuple[Reading, ...]]:
    """Return of each patient the reading that proves each day between two instants, the second exclusive."""
    asked = {"practice_id": practice_id, "patient_ids": list(patient_ids), "since": since, "until": until}
    (rows,) = send(session, (_COUNTING, {**asked, "medical": _MEDICAL}))
    id_of, found = cache(UUID), defaultdict[str, list[Reading]](list)
    for patient_id, day, reading_id, measured_at, device_id, assignment_id in rows:
        found[patient_id].append(
            Reading(UUID(reading_id), measured_at, day, device_id=device_id, assignment_id=id_of(assignment_id))
        )
    return {UUID(patient_id): tuple(readings) for patient_id, readings in found.items()}


def load_every_reading(
    session: Session, practice_id: UUID, patient_id: UUID, since: datetime, until: datetime
) -> list[Reading]:
    """Return all readings of one patient between two instants, those that do not count as well."""
    return load_readings(session, practice_id, [patient_id], since, until).get(patient_id, [])


def load_readings(
    session: Session, practice_id: UUID, patient_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, list[Reading]]:
    """Return likewise all readings of each patient."""
    asked = {"practice_id": practice_id, "patient_ids": list(patient_ids), "since": since, "until": until}
    found: dict[UUID, list[Reading]] = defaultdict(list)
    for row in session.execute(_EVERY, asked):
        found[row.patient_id].append(_reading(row))
    return dict(found)


def _reading(row: Any) -> Reading:
    return Reading(
        row.id, row.measured_at, row.day, row.source, row.status, _custody(row),
        is_medical_device=row.model_id is None or row.model_id in _MEDICAL,
        device_id=row.device_id, assignment_id=row.assignment_id, received_at=row.created_at,
        zone_offset_minutes=row.zone_offset_minutes, offset_origin=row.offset_origin,
        observation_type=row.observation_type,
    )  # fmt: skip


def _custody(row: Any) -> Custody:
    if row.device_id is None:
        return Custody.NONE
    if row.registered_id is None:
        return Custody.UNKNOWN
    return Custody.HELD if row.assignment_id is not None else Custody.NOT_HELD

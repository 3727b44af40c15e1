"""What must be known to take in many readings: at most six questions in one round trip, however many there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, JSON, DateTime, Text, Uuid, bindparam, column, func, select, true
from sqlalchemy import cast as cast_as
from sqlalchemy.orm import Session

from app.database.many import KEEP_PLANS
from app.database.statements import Statement, send
from app.database.wire import Rows
from app.domain.actor import Actor
from app.domain.devices.custody import Holding, holder_at
from app.domain.devices.identity import identifier_key
from app.domain.triage.score import ALERT_WINDOW
from app.domain.vitals.reading import Reading
from app.models import Alert, Device, DeviceAssignment, DeviceIdentifier, Observation, Patient, TriageSummary
from app.services.readings.facts import DeviceFacts, PatientFacts, about_patient, device_facts, patient_facts
from app.services.readings.other_names import ask_stored_then, by_device_key, device_key
from app.services.triage.alert_flow import standing_alerts


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that may be stored."""

    index: int
    patient_id: UUID
    reading: Reading
    key: bytes


@dataclass(frozen=True, slots=True)
class _Instrument:
    device_id: UUID
    model_id: str
    holdings: list[Holding]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """All that is known, by what it is about: patients, devices' keys, readings' keys.

    A reading from a registered device has two: one by the number that was sent, one by the device.
    """

    patients: dict[UUID, PatientFacts]
    known: dict[bytes, UUID]
    devices: dict[str, _Instrument]

    def find_known(self, one: Candidate) -> UUID | None:
        """Return the reading that an item is, if it is known."""
        return next((self.known[key] for key in self._keys(one) if key in self.known), None)

    def now_known(self, one: Candidate, reading_id: UUID) -> None:
        """Remember an item that was stored."""
        self.known.update(dict.fromkeys(self._keys(one), reading_id))

    def _keys(self, one: Candidate) -> list[bytes]:
        found = self.devices.get(identifier_key(one.reading.device_id or ""))
        return [one.key, *([device_key(one.patient_id, one.reading, found.device_id)] if found else [])]

    def device_of(self, patient_id: UUID, reading: Reading) -> DeviceFacts:
        """Return how the device that a reading names stood to the patient when it measured."""
        found = self.devices.get(identifier_key(reading.device_id or ""))
        if found is None:
            return device_facts(patient_id, False, None, None)
        return device_facts(patient_id, True, holder_at(found.holdings, reading.measured_at), found.model_id)


def lock_and_ask_all(session: Session, actor: Actor, candidates: Sequence[Candidate], at: datetime) -> BatchFacts:
    """Lock the patients' lines of the board, in the order of their ids as everybody does, and ask."""
    times = [one.reading.measured_at for one in candidates]
    of = {"practice": actor.practice_id, "patients": sorted({one.patient_id for one in candidates})}
    named = [(one.patient_id, one.reading) for one in candidates if one.reading.device_id]
    keys = {identifier_key(reading.device_id or "") for _, reading in named}
    sent = [{"key": one.key.hex(), "measured_at": one.reading.measured_at} for one in candidates]
    when = {"since": at - ALERT_WINDOW, "first_measured": min(times), "last_measured": max(times)}
    lines, facts, alerts, instruments, _, stored, *stored_then = send(
        session,
        (_LOCK, of),
        (_ABOUT, {**of, **when}),
        (_ALERTS, of),
        (_DEVICES, {"practice": actor.practice_id, "devices": sorted(keys)}),
        KEEP_PLANS,
        (_KNOWN, {"practice": actor.practice_id, "sent": sent}),
        *([ask_stored_then(actor.practice_id, named)] if named else []),
    )
    summaries = {line.patient_id: _plain_summary(line) for line in lines}
    standing: dict[UUID, list[Any]] = defaultdict(list)
    for alert in alerts:
        standing[alert.patient_id].append(alert)
    patients = {fact.id: patient_facts(summaries[fact.id], fact, standing[fact.id]) for fact in facts}
    known = {row.natural_key: row.id for row in stored} | by_device_key(chain.from_iterable(stored_then))
    return BatchFacts(patients, known, _by_key(instruments))


def _plain_summary(line: Any) -> TriageSummary:
    """Return a line of the board without the ORM's bookkeeping, which would cost more than judging the reading."""
    return cast("TriageSummary", SimpleNamespace(**line._asdict()))


def _by_key(rows: Rows) -> dict[str, _Instrument]:
    found: dict[str, _Instrument] = {}
    for row in rows:
        instrument = found.setdefault(row.key, _Instrument(row.device_id, row.model_id, []))
        if row.patient_id is not None:
            instrument.holdings.append(Holding(row.patient_id, row.started_at, row.ended_at))
    return found


_practice = bindparam("practice", type_=Uuid)
_patients = func.any(bindparam("patients", type_=ARRAY(Uuid)))
_SUMMARIES = TriageSummary.metadata.tables["triage_summaries"]
_READINGS = Observation.metadata.tables["observations"]
_SCORED_ANEW = frozenset({"parts", "score_inputs"})  # never read: large, and written over
_LOCK = Statement(
    select(*(column for column in _SUMMARIES.c if column.name not in _SCORED_ANEW))
    .where(_SUMMARIES.c.practice_id == _practice, _SUMMARIES.c.patient_id == _patients)
    .order_by(_SUMMARIES.c.patient_id)
    .with_for_update()
)
_ABOUT = Statement(
    select(Patient.id, *about_patient(Patient.id)).where(Patient.practice_id == _practice, Patient.id == _patients)
)
_ALERTS = Statement(standing_alerts(_practice, Alert.metadata.tables["alerts"].c.patient_id == _patients))
_DEVICES = Statement(
    select(
        DeviceIdentifier.key, DeviceIdentifier.device_id, Device.model_id, DeviceAssignment.patient_id,
        DeviceAssignment.started_at, DeviceAssignment.ended_at,
    )
    .join(Device, (Device.practice_id == DeviceIdentifier.practice_id) & (Device.id == DeviceIdentifier.device_id))
    .outerjoin(
        DeviceAssignment,
        (DeviceAssignment.practice_id == Device.practice_id) & (DeviceAssignment.device_id == Device.id),
    )
    .where(
        DeviceIdentifier.practice_id == _practice,
        DeviceIdentifier.key == func.any(bindparam("devices", type_=ARRAY(Text))),
    )
)  # fmt: skip
# One look at the index of keys for each: all at once PostgreSQL would go through every reading of their time instead.
_sent = (
    func.json_to_recordset(cast_as(bindparam("sent", type_=JSON), JSON))
    .table_valued(column("key", Text), column("measured_at", DateTime(timezone=True)))
    .render_derived(name="sent", with_types=True)
)
_stored = (
    select(_READINGS.c.natural_key, _READINGS.c.id)
    .where(
        _READINGS.c.practice_id == _practice,
        _READINGS.c.natural_key == func.decode(_sent.c.key, "hex"),
        _READINGS.c.measured_at == _sent.c.measured_at,
    )
    .limit(1)
    .lateral("stored")
)
_KNOWN = Statement(select(_stored.c.natural_key, _stored.c.id).select_from(_sent.join(_stored, true())))

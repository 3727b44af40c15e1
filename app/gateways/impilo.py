"""Impilo: events with a type; readings, devices, orders. How an object nests is read in the ways that are known.

Not every name of a value is public: the tables below list those we accept. Units are told by the message.
"""

from collections.abc import Iterable

from app.domain.vitals.kinds import ObservationType
from app.gateways.assembly import Wanted, collect, meal_of
from app.gateways.bodies import Fields, read_each, read_items
from app.gateways.messages import (
    DeviceRef,
    DeviceState,
    Headers,
    IdentifierKind,
    Message,
    Options,
    StateKind,
    Unreadable,
    Unsupported,
    VitalReading,
    hashed_key,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import Zone, from_text, offset_minutes
from app.gateways.vendor import Vendor

_ID = "impilo"
_OBJECTS = ("object", "data", "payload")
_DEVICE_NUMBERS = (
    ("imei", IdentifierKind.IMEI),
    ("serialNumber", IdentifierKind.SERIAL),
    ("serial", IdentifierKind.SERIAL),
    ("id", IdentifierKind.VENDOR_DEVICE),
)
_PULSE = ("pulse", ("pulse", "heartRate", "bpm"), ())
_NO_UNIT: tuple[str, ...] = ()
# type → reading, and (measure, its names, names of its unit)
_READINGS: dict[str, tuple[ObservationType, tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]]] = {
    "reading.bloodPressure": (
        "blood_pressure",
        (("systolic", ("systolic",), _NO_UNIT), ("diastolic", ("diastolic",), _NO_UNIT), _PULSE),
    ),
    "reading.bloodGlucose": ("glucose", (("glucose_mg_dl", ("glucose",), ("glucoseUnit", "unit")),)),
    "reading.bloodOxygen": (
        "pulse_oximetry",
        (("spo2", ("spo2", "bloodOxygen", "oxygenSaturation"), _NO_UNIT), _PULSE),
    ),
    "reading.weight": ("weight", (("weight_kg", ("weight",), ("weightUnit", "unit")),)),
    "reading.temperature": ("temperature", (("temperature_c", ("temperature",), ("temperatureUnit", "unit")),)),
}
_STATES = {
    "device.associationCreated": (StateKind.ASSOCIATION, "created"),
    "device.associationRemoved": (StateKind.ASSOCIATION, "removed"),
    "device.lowBattery": (StateKind.BATTERY, "low"),
    "device.weakSignal": (StateKind.SIGNAL, "weak"),
    "order.status": (StateKind.ORDER, None),
    "order.statusFull": (StateKind.ORDER, None),
    "return.statusFull": (StateKind.ORDER, None),
}


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    return read_each(read_items(raw), lambda item: (_read(item),))


def _read(item: Fields) -> Message:
    kind = item.text("type")
    inside = next((name for name in _OBJECTS if item.has(name)), None)
    subject = item.child(inside) if inside else item
    if kind in _READINGS:
        return _reading(kind, subject)
    if kind in _STATES:
        return _state(kind, subject)
    return Unsupported("This type of event is not kept.")


def _reading(kind: str, item: Fields) -> VitalReading:
    observation_type, table = _READINGS[kind]
    moment = from_text(item.text("readingTimestamp"), 0)
    zone = _zone(item)
    device = _device(item)
    if device is None:
        raise Unreadable("device is missing.")
    record = item.text("id")
    return VitalReading(
        device, observation_type, moment.at, collect(observation_type, item, _wanted(item, table)),
        f"{_ID}:{record}", record, zone.offset_minutes, zone.origin,
        meal=meal_of(before=item.flag("beforeMeal") or None, after=item.flag("afterMeal")),
        irregular_heartbeat=item.find_flag("irregularHeartbeat"), is_manual=item.flag("manual"),
        external_patient_ref=_name(item, "patient"),
    )  # fmt: skip


def _wanted(item: Fields, table: Iterable[tuple[str, tuple[str, ...], tuple[str, ...]]]) -> list[Wanted]:
    wanted: list[Wanted] = []
    for measure, names, unit_names in table:
        name = next((one for one in names if item.has(one)), names[0])
        unit = next((text for one in unit_names if (text := item.find_text(one))), None)
        if unit_names and unit is None:
            raise Unreadable(f"{unit_names[0]} is missing.")
        wanted.append((measure, name, unit))
    return wanted


def _zone(item: Fields) -> Zone:
    device = offset_minutes(item.find_number("deviceTimeZoneOffset"))
    if device is not None:
        return Zone(device, "device")
    patient = offset_minutes(item.find_number("patientTimeZoneOffset"))
    return Zone() if patient is None else Zone(patient, "vendor")


def _device(item: Fields) -> DeviceRef | None:
    if not isinstance(item.get("device"), dict):
        number = item.find_text("device")
        return DeviceRef(IdentifierKind.VENDOR_DEVICE, number) if number else None
    device = item.child("device")
    for name, kind in _DEVICE_NUMBERS:
        if number := device.find_text(name):
            return DeviceRef(kind, number)
    return None


def _name(item: Fields, member: str) -> str | None:
    if isinstance(item.get(member), dict):
        return item.child(member).find_text("id")
    return item.find_text(member)


def _state(kind: str, item: Fields) -> DeviceState:
    state, status = _STATES[kind]
    told = item.find_text("timestamp") or item.find_text("updatedAt")
    at = from_text(told, 0).at if told else None
    device, status = _device(item), status or item.find_text("status")
    key = hashed_key(_ID, kind, item.find_text("id"), device and device.value, at, status)
    return DeviceState(state, device, key, at, status=status)


VENDOR = Vendor(
    id=_ID,
    name="Impilo",
    parse=parse,
    auth_modes=(AuthMode.SHARED_SECRET,),
    auth_header="Impilo-Webhook-Secret",
)

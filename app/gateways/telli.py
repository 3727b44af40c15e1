"""Telli Health: cellular devices, one message a reading (v2), heartbeats and answers to settings."""

from collections.abc import Iterator

from app.domain.vitals.kinds import ObservationType
from app.gateways.assembly import Wanted, collect, content_key, meal_of, percent
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
from app.gateways.times import from_epoch, offset_minutes
from app.gateways.vendor import Vendor

_ID = "telli"
_STATES = {
    "heartbeat": StateKind.HEARTBEAT,
    "remindercleared": StateKind.REMINDER,
    "settingsresponse": StateKind.SETTINGS,
}
_PER_BAR, _PER_TENTH = 25, 10  # signal in four bars, battery in tenths


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    return read_each(read_items(raw), lambda item: tuple(_read(item)))


def _read(item: Fields) -> Iterator[Message]:
    device = DeviceRef(IdentifierKind.IMEI, item.text("deviceId"))
    kind = (item.find_text("type") or "").lower()
    if kind in _STATES:
        yield _state(item, device, _STATES[kind])
        return
    data = item.child("data")
    found = _wanted(item.text("readingType"), data)
    if found is None:
        yield Unsupported("This type of reading is not kept.")
    else:
        yield _reading(item, data, device, *found)
    if item.has("devdata"):
        yield _state(item, device, StateKind.BATTERY)


def _reading(
    item: Fields, data: Fields, device: DeviceRef, observation_type: ObservationType, wanted: list[Wanted]
) -> VitalReading:
    at = from_epoch(item.number("time"), "ms")
    offset = offset_minutes(item.find_number("tzOffsetMinutes"))
    measures = collect(observation_type, data, wanted)
    period = (data.find_text("readingPeriod") or "").lower()
    return VitalReading(
        device, observation_type, at, measures, content_key(_ID, device, observation_type, at, measures),
        zone_offset_minutes=offset, offset_origin=None if offset is None else "device",
        meal=meal_of(before=period == "before" or None, after=period == "after") if period else None,
        irregular_heartbeat=data.find_flag("arrhythmia"), is_stored_memory=item.flag("mem"),
    )  # fmt: skip


def _wanted(reading_type: str, data: Fields) -> tuple[ObservationType, list[Wanted]] | None:
    pulse: Wanted = ("pulse", "pulse", None)
    unit = data.find_text("unit")
    kinds: dict[str, tuple[ObservationType, list[Wanted]]] = {
        "bloodpressure": ("blood_pressure", [("systolic", "systolic", unit), ("diastolic", "diastolic", unit), pulse]),
        "bloodglucose": ("glucose", [("glucose_mg_dl", "glucose", unit)]),
        "weight": ("weight", [("weight_kg", "weight", unit)]),
        "spo2": ("pulse_oximetry", [("spo2", "spo2", None), pulse]),
        "temperature": ("temperature", [("temperature_c", "temperature", unit)]),
        "peakflow": ("peak_flow", [("peak_flow", "pef", None)]),
    }
    kind = reading_type.lower()
    if kind in {"bloodglucose", "weight", "temperature"} and unit is None:
        raise Unreadable("unit is missing.")
    return kinds.get(kind)


def _state(item: Fields, device: DeviceRef, kind: StateKind) -> DeviceState:
    told = item.find_number("time")
    at = None if told is None else from_epoch(told, "ms")
    facts = item.find_child("devdata") or Fields({})
    bars, tenths, status = facts.find_number("r"), facts.find_number("batt"), item.find_text("status")
    return DeviceState(
        kind, device, hashed_key(_ID, "state", kind, device.value, at, bars, tenths, status), at,
        battery_percent=percent(tenths and tenths * _PER_TENTH), signal_percent=percent(bars and bars * _PER_BAR),
        status=status,
    )  # fmt: skip


VENDOR = Vendor(
    id=_ID,
    name="Telli Health",
    parse=parse,
    auth_modes=(AuthMode.API_KEY,),
    auth_header="X-Api-Key",
)

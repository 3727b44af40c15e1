"""MioConnect: our own documented webhook (docs/gateways.md), for MioConnect hubs and whoever else can sign one.

Signed with HMAC-SHA256 over `timestamp.body`; the event id stands in the body, so that it is signed as well.
"""

from collections.abc import Callable

from app.domain.vitals.kinds import MEALS, Meal, ObservationType
from app.gateways.assembly import Wanted, collect, percent
from app.gateways.bodies import Fields, items_of, read_each, read_json
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
    Withdrawal,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import from_text, offset_minutes, zone_of
from app.gateways.vendor import Vendor


def _wanted(kind: str, item: Fields) -> tuple[ObservationType, list[Wanted]] | None:
    pulse: Wanted = ("pulse", "pulse", None)
    unit = item.find_text("unit")
    kinds: dict[str, tuple[ObservationType, list[Wanted]]] = {
        "blood_pressure": (
            "blood_pressure", [("systolic", "systolic", unit), ("diastolic", "diastolic", unit), pulse],
        ),
        "weight": ("weight", [("weight_kg", "weight", unit)]),
        "glucose": ("glucose", [("glucose_mg_dl", "glucose", unit)]),
        "pulse_oximetry": ("pulse_oximetry", [("spo2", "spo2", None), pulse]),
        "heart_rate": ("heart_rate", [("pulse", "heart_rate", None)]),
        "temperature": ("temperature", [("temperature_c", "temperature", unit)]),
        "respiratory_rate": ("respiratory_rate", [("respiratory_rate", "respiratory_rate", None)]),
        "peak_flow": ("peak_flow", [("peak_flow", "peak_flow", None)]),
        "height": ("height", [("height_cm", "height", unit)]),
    }  # fmt: skip
    if kind in {"weight", "glucose", "temperature", "height"} and unit is None:
        raise Unreadable("unit is missing.")
    return kinds.get(kind)


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what an event says; raises Unreadable."""
    event = Fields(read_json(raw))
    event_id, kind = event.text("event_id"), event.text("type")
    read = _READERS.get(kind)
    if kind == "test":
        return (DeviceState(StateKind.TEST, None, f"mioconnect:{event_id}"),)
    if read is None:
        return (Unsupported("This type of event is not kept."),)
    keyed = ((f"mioconnect:{event_id}:{place}", item) for place, item in enumerate(items_of(event.get("data"))))
    return read_each(keyed, lambda pair: (read(pair[1], pair[0]),))


def _reading(item: Fields, key: str) -> Message:
    found = _wanted(item.text("type"), item)
    if found is None:
        return Unsupported("This type of reading is not kept.")
    observation_type, wanted = found
    told = offset_minutes(item.find_number("zone_offset_minutes"))
    moment = from_text(item.text("measured_at"), told)
    zone = zone_of(moment, told, "device")
    record = item.find_text("id")
    return VitalReading(
        device=DeviceRef(IdentifierKind.VENDOR_DEVICE, item.text("device_id")),
        observation_type=observation_type,
        measured_at=moment.at,
        measures=collect(observation_type, item, wanted),
        dedup_key=f"mioconnect:reading:{record}" if record else key,
        record_id=record,
        zone_offset_minutes=zone.offset_minutes,
        offset_origin=zone.origin,
        meal=_meal(item),
        irregular_heartbeat=item.find_flag("irregular_heartbeat"),
        is_manual=item.flag("manual"),
        is_stored_memory=item.flag("stored"),
        is_estimated_time=item.flag("estimated_time"),
    )


def _meal(item: Fields) -> Meal | None:
    told = item.find_text("meal")
    meal = next((one for one in MEALS if one == told), None)
    if told is not None and meal is None:
        raise Unreadable("meal is none of pre, post, fasting, random.")
    return meal


def _status(item: Fields, key: str) -> Message:
    at = item.find_text("at")
    battery = percent(item.find_number("battery_percent"))
    return DeviceState(
        kind=StateKind.HEARTBEAT if battery is None else StateKind.BATTERY,
        device=DeviceRef(IdentifierKind.VENDOR_DEVICE, item.text("device_id")),
        dedup_key=key,
        at=from_text(at, None).at if at else None,
        battery_percent=battery,
        signal_percent=percent(item.find_number("signal_percent")),
        status=item.find_text("status"),
    )


def _deletion(item: Fields, key: str) -> Message:
    at = item.find_text("deleted_at")
    return Withdrawal(item.text("id"), from_text(at, None).at if at else None, key)


_READERS: dict[str, Callable[[Fields, str], Message]] = {
    "reading": _reading,
    "device.status": _status,
    "reading.deleted": _deletion,
}

VENDOR = Vendor(
    id="mioconnect",
    name="MioConnect (signed webhook)",
    parse=parse,
    auth_modes=(AuthMode.TIMESTAMPED_HMAC, AuthMode.SVIX, AuthMode.HMAC_HEX, AuthMode.HMAC_BASE64),
    auth_header="X-Webhook-Signature",
)

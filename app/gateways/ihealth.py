"""iHealth: a notice names whose data of which collection there is; the data are fetched and read here as well.

In fetched data `MDate` is the local time counted as if it were UTC, with the zone beside it, and DataSource says
whether somebody typed the value. Source: iHealth's open API v2 as Open mHealth's Shimmer reads it.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from app.domain.vitals.kinds import Meal, ObservationType
from app.gateways.assembly import Wanted, collect
from app.gateways.bodies import Fields, items_of, read_each, read_items, read_json
from app.gateways.messages import (
    DeviceRef,
    FetchOrder,
    Headers,
    IdentifierKind,
    Message,
    Options,
    Unreadable,
    Unsupported,
    VitalReading,
    hashed_key,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import from_epoch, signed_offset
from app.gateways.vendor import Option, Vendor, option

_ID = "ihealth"
OPTIONS = (
    Option("epoch", "local", "What the numbers of MDate count: local time, or UTC.", ("local", "utc")),
    Option("temperature_unit", "°C", "The unit of temperatures where the answer tells none.", ("°C", "°F")),
)
_HEART, _IRREGULAR = "HR", {1: False, 2: True}  # IsArr: -1 not there, 1 normal, 2 arrhythmia, 3 unknown
_PRESSURES, _GLUCOSES, _WEIGHTS = ("mmHg", "kPa"), ("mg/dL", "mmol/L"), ("kg", "lb", "st")
COLLECTIONS = ("bp", "glucose", "weight", "spo2", "temperature", "heartrate")
_ALIASES = {"bg": "glucose", "bo": "spo2", "hr": "heartrate"}


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what to fetch; raises Unreadable."""
    return read_each(read_items(raw), lambda item: (_order(item),))


def _order(item: Fields) -> Message:
    told = item.text("CollectionType").lower()
    collection = _ALIASES.get(told, told)
    if collection not in COLLECTIONS:
        return Unsupported("This collection is not kept.")
    subject = item.text("UserID")
    dates = str(item.get("MDate") or "")
    return FetchOrder(subject, collection, hashed_key(_ID, "notice", subject, collection, dates))


def parse_fetched(raw: bytes, order: FetchOrder, options: Options) -> tuple[Message, ...]:
    """Return what an answer of the API says; raises Unreadable."""
    answer = Fields(read_json(raw))
    if not isinstance(answer.body, dict):
        raise Unreadable("The answer is not an object.")
    lists = [name for name in answer.body if name.endswith("DataList")]
    if len(lists) != 1:
        raise Unreadable("The answer has no list of data.")
    items = items_of(answer.get(lists[0]) or [])
    return read_each(items, lambda item: tuple(_read(item, answer, order, options)))


def _read(item: Fields, answer: Fields, order: FetchOrder, options: Options) -> Iterator[Message]:
    observation_type, wanted = _wanted(order.collection, answer, options)
    offset = signed_offset(item.text("TimeZone"))
    at = from_epoch(item.number("MDate"))
    if option(options, OPTIONS, "epoch") == "local":
        at -= timedelta(minutes=offset)
    record = item.text("DataID")
    device = item.find_text("DeviceID") or item.find_text("mDeviceId")
    heartbeat = item.find_number("IsArr")
    yield VitalReading(
        DeviceRef(IdentifierKind.VENDOR_DEVICE, device) if device
        else DeviceRef(IdentifierKind.VENDOR_USER, order.subject),
        observation_type, at, collect(observation_type, item, wanted),
        f"{_ID}:{record}:{item.find_text('LastChangeTime') or ''}", record, offset, "device",
        meal=_meal(item), irregular_heartbeat=None if heartbeat is None else _IRREGULAR.get(int(heartbeat)),
        is_manual=(item.find_text("DataSource") or "").lower() == "manual", external_patient_ref=order.subject,
    )  # fmt: skip


def _wanted(collection: str, answer: Fields, options: Options) -> tuple[ObservationType, list[Wanted]]:
    pulse: Wanted = ("pulse", _HEART, None)
    if collection == "bp":
        unit = _unit(answer, "BPUnit", _PRESSURES)
        return "blood_pressure", [("systolic", "HP", unit), ("diastolic", "LP", unit), pulse]
    if collection == "glucose":
        return "glucose", [("glucose_mg_dl", "BG", _unit(answer, "BGUnit", _GLUCOSES))]
    if collection == "weight":
        return "weight", [("weight_kg", "WeightValue", _unit(answer, "WeightUnit", _WEIGHTS))]
    if collection == "spo2":
        return "pulse_oximetry", [("spo2", "BO", None), pulse]
    if collection == "temperature":
        return "temperature", [("temperature_c", "Temperature", option(options, OPTIONS, "temperature_unit"))]
    if collection == "heartrate":
        return "heart_rate", [pulse]
    raise Unreadable("This collection is not kept.")


def _unit(answer: Fields, name: str, units: tuple[str, ...]) -> str:
    number = answer.number(name)
    if number not in range(len(units)):
        raise Unreadable(f"{name} is not known.")
    return units[int(Decimal(number))]


def _meal(item: Fields) -> Meal | None:
    told = (item.find_text("DinnerSituation") or "").lower()
    if told.startswith("before") and not told.endswith("sleep"):
        return "pre"
    return "post" if told.startswith("after") else None


VENDOR = Vendor(
    id=_ID,
    name="iHealth",
    parse=parse,
    auth_modes=(AuthMode.SECRET_PATH, AuthMode.IP_ALLOW_LIST),
    subject="user",
    options=OPTIONS,
    parse_fetched=parse_fetched,
)

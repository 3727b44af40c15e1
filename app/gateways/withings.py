"""Withings: a form says that there is something new; the measures are fetched and read here as well.

Values are `value * 10^unit`. Sources: developer.withings.com (Notify, Measure - Getmeas): 1 weight kg, 4 height m,
9 diastolic and 10 systolic mmHg, 11 pulse, 12 and 71 (body) temperature °C, 54 SpO2 %; 73 is the skin's and not kept.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.gateways.assembly import content_key
from app.gateways.bodies import Fields, items_of, read_each, read_form, read_json
from app.gateways.messages import (
    AccountEnded,
    DeviceRef,
    DeviceState,
    FetchOrder,
    Headers,
    IdentifierKind,
    Measure,
    Message,
    Options,
    StateKind,
    Unreadable,
    Unsupported,
    VitalReading,
    hashed_key,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import Zone, from_epoch
from app.gateways.units import measured
from app.gateways.validic import split
from app.gateways.vendor import Vendor

_ID = "withings"
_FETCHED = {"1": "weight", "2": "temperature", "4": "pressure"}  # appli → collection
_USER_NEWS = "46"
_ENDS = frozenset({"delete", "unlink"})  # actions: of a device, or else of the account
MEASURE_TYPES = {"weight": "1,4,11", "temperature": "12,71", "pressure": "9,10,11,54"}
_MEASURES = {
    1: ("weight_kg", "kg"), 4: ("height_cm", "m"), 9: ("diastolic", "mmHg"), 10: ("systolic", "mmHg"),
    11: ("pulse", "bpm"), 12: ("temperature_c", "°C"), 71: ("temperature_c", "°C"), 54: ("spo2", "%"),
}  # fmt: skip
_TYPED_IN = frozenset({2, 4})  # attrib: entered by hand, entered when the account was made
_AMBIGUOUS = 1  # attrib: by a device, of one of several users
_GOAL = 2  # category: an objective, nothing measured
_LARGEST_POWER = 9


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what to fetch, or what became of an account; raises Unreadable."""
    form = read_form(raw)
    subject, appli, action = form.text("userid"), form.text("appli"), form.find_text("action")
    device = form.find_text("deviceid")
    if appli == _USER_NEWS or action in _ENDS:
        ref = DeviceRef(IdentifierKind.VENDOR_DEVICE, device) if device else None
        key = hashed_key(_ID, "user", subject, appli, device, action, form.find_text("date"))
        if ref is None and action in _ENDS:
            return (AccountEnded(subject, key),)
        return (DeviceState(StateKind.ASSOCIATION, ref, key, status=action or "changed"),)
    if appli not in _FETCHED:
        return (Unsupported("This category of data is not kept."),)
    since, until = form.number("startdate"), form.number("enddate")
    return (
        FetchOrder(
            subject, _FETCHED[appli], hashed_key(_ID, "notice", subject, appli, since, until),
            from_epoch(since), from_epoch(until),
        ),
    )  # fmt: skip


def parse_fetched(raw: bytes, order: FetchOrder, _options: Options) -> tuple[Message, ...]:
    """Return what an answer of getmeas says; raises Unreadable."""
    answer = Fields(read_json(raw))
    if answer.number("status") != 0:
        raise Unreadable("The vendor answered with an error.")
    body = answer.child("body")
    groups = items_of(body.get("measuregrps") or [])
    return read_each(groups, lambda group: tuple(_read(group, body.find_text("timezone"), order)))


def _read(group: Fields, common_zone: str | None, order: FetchOrder) -> Iterator[Message]:
    if group.find_number("category") == _GOAL:
        yield Unsupported("An objective is no measurement.")
        return
    record, at = group.text("grpid"), from_epoch(group.number("date"))
    zone = _zone(group.find_text("timezone") or common_zone, at)
    device = group.find_text("deviceid")
    ref = DeviceRef(IdentifierKind.VENDOR_DEVICE, device) if device else None
    attrib = group.find_number("attrib")
    measures = _measures(group)
    if not measures:
        yield Unsupported("No measure of this group is kept.")
    for observation_type, own in split(measures):
        owner = ref or DeviceRef(IdentifierKind.VENDOR_USER, order.subject)
        yield VitalReading(
            owner, observation_type, at, own,
            f"{_ID}:{record}:{content_key(_ID, owner, observation_type, at, own)}", record,
            zone.offset_minutes, zone.origin, is_manual=attrib in _TYPED_IN,
            concern="The scale could not tell which of its users this is." if attrib == _AMBIGUOUS else None,
            external_patient_ref=order.subject,
        )  # fmt: skip


def _measures(group: Fields) -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for one in group.children("measures"):
        known = _MEASURES.get(int(one.number("type")))
        power = one.number("unit")
        if abs(power) > _LARGEST_POWER or power != power.to_integral_value():
            raise Unreadable("unit is not a power of ten.")
        if known:
            measures[known[0]] = measured(known[0], one.number("value") * Decimal(10) ** int(power), known[1])
    return measures


def _zone(name: str | None, at: datetime) -> Zone:
    """Return the offset of an IANA zone at an instant; none when the name is not known."""
    if name is None:
        return Zone()
    try:
        offset = at.astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Zone()
    return Zone() if offset is None else Zone(int(offset.total_seconds() // 60), "vendor")


VENDOR = Vendor(
    id=_ID,
    name="Withings",
    parse=parse,
    auth_modes=(AuthMode.SECRET_PATH, AuthMode.IP_ALLOW_LIST),
    subject="user",
    parse_fetched=parse_fetched,
)

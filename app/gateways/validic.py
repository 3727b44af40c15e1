"""Validic Inform: records of many sources, pushed in batches. Its subject is a user; a record may name the device.

The names of metrics are Validic's where its pages show them and their usual spellings else; the table is one place.
"""

from collections.abc import Iterator, Mapping

from app.domain.vitals.kinds import ObservationType
from app.domain.vitals.reading import OffsetOrigin
from app.gateways.assembly import NEEDED, content_key
from app.gateways.bodies import Fields, read_each, read_items
from app.gateways.messages import (
    DeviceRef,
    Headers,
    IdentifierKind,
    Measure,
    Message,
    Options,
    Unreadable,
    Unsupported,
    VitalReading,
    Withdrawal,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import Moment, Zone, from_text, offset_minutes, zone_of
from app.gateways.units import measured
from app.gateways.vendor import Vendor

_ID = "validic"
_LISTS = ("records", "data", "measurements", "measurement", "cgm")
_KEPT_TYPES = frozenset({"measurement", "cgm"})
_METRICS = {
    "systolic": "systolic", "systolic_blood_pressure": "systolic",
    "diastolic": "diastolic", "diastolic_blood_pressure": "diastolic",
    "pulse": "pulse", "heart_rate": "pulse", "resting_heart_rate": "pulse",
    "body_weight": "weight_kg", "weight": "weight_kg",
    "blood_glucose": "glucose_mg_dl", "glucose": "glucose_mg_dl",
    "spo2": "spo2", "oxygen_saturation": "spo2",
    "body_temperature": "temperature_c", "temperature": "temperature_c",
    "respiratory_rate": "respiratory_rate", "respiration_rate": "respiratory_rate",
    "breathing_rate": "respiratory_rate",
    "peak_expiratory_flow": "peak_flow", "peak_flow": "peak_flow",
    "height": "height_cm",
}  # fmt: skip
_NEEDS_UNIT = frozenset({"weight_kg", "glucose_mg_dl", "temperature_c", "height_cm"})
_ORIGINS: dict[str, OffsetOrigin] = {"source": "device"}  # a profile's or a user's is the vendor's word
_WITH_PULSE: tuple[ObservationType, ...] = ("blood_pressure", "pulse_oximetry")


def parse(raw: bytes, _content_type: str, _headers: Headers, _options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    return read_each(read_items(raw, under=_LISTS), lambda item: tuple(_read(item)))


def _read(item: Fields) -> Iterator[Message]:
    record = item.text("id")
    deleted = item.find_text("deleted_at")
    if deleted:
        yield Withdrawal(record, from_text(deleted, 0).at, f"{_ID}:{record}:deleted")
        return
    if item.text("type").lower() not in _KEPT_TYPES:
        yield Unsupported("This type of record is not kept.")
        return
    measures, is_manual = _measures(item)
    if not measures:
        yield Unsupported("No metric of this record is kept.")
        return
    yield from _readings(item, record, measures, is_manual=is_manual)


def _readings(item: Fields, record: str, measures: Mapping[str, Measure], *, is_manual: bool) -> Iterator[Message]:
    moment, zone = _when(item)
    user = item.find_child("user")
    person = (user.find_text("uid") or user.find_text("user_id")) if user else None
    device = _device(item, person)
    checksum = item.find_text("checksum")
    for observation_type, own in split(measures):
        key = content_key(_ID, device, observation_type, moment.at, own)
        yield VitalReading(
            device, observation_type, moment.at, own,
            f"{_ID}:{record}:{checksum}:{observation_type}" if checksum else f"{_ID}:{record}:{key}", record,
            zone.offset_minutes, zone.origin, is_manual=is_manual, external_patient_ref=person,
        )  # fmt: skip


def split(measures: Mapping[str, Measure]) -> Iterator[tuple[ObservationType, dict[str, Measure]]]:
    """Return the readings that values of one instant make; the pulse goes with the first that takes one."""
    left = dict(measures)
    if ("systolic" in left) != ("diastolic" in left):
        raise Unreadable("One of the two blood pressures is missing.")
    for observation_type, needed in NEEDED.items():
        if all(name in left for name in needed):
            own = {name: left.pop(name) for name in needed}
            if observation_type in _WITH_PULSE and "pulse" in left:
                own["pulse"] = left.pop("pulse")
            yield observation_type, own


def _measures(item: Fields) -> tuple[dict[str, Measure], bool]:
    measures: dict[str, Measure] = {}
    is_manual = False
    for metric in item.children("metrics"):
        name = _METRICS.get(metric.text("type").lower())
        if name is None:
            continue
        unit = metric.find_text("unit")
        if unit is None and name in _NEEDS_UNIT:
            raise Unreadable("The unit of a metric is missing.")
        if name in measures:
            raise Unreadable("A metric comes twice in one record.")
        measures[name] = measured(name, metric.number("value"), unit)
        is_manual = is_manual or (metric.find_text("origin") or "").lower() == "manual"
    return measures, is_manual


def _when(item: Fields) -> tuple[Moment, Zone]:
    told = offset_minutes(item.find_number("utc_offset"))
    moment = from_text(item.text("start_time"), told)
    return moment, zone_of(moment, told, _ORIGINS.get(item.find_text("offset_origin") or "", "vendor"))


def _device(item: Fields, person: str | None) -> DeviceRef:
    source = item.find_child("source")
    device = source.find_child("device") if source else None
    device_id = device.find_text("id") if device else None
    if device_id:
        return DeviceRef(IdentifierKind.VENDOR_DEVICE, device_id)
    if person is None:
        raise Unreadable("Neither a device nor a user is named.")
    return DeviceRef(IdentifierKind.VENDOR_USER, person)


VENDOR = Vendor(
    id=_ID,
    name="Validic Inform",
    parse=parse,
    auth_modes=(AuthMode.CUSTOM_HEADER, AuthMode.SECRET_PATH, AuthMode.BASIC),
    auth_header="X-Webhook-Key",
    subject="user",
)

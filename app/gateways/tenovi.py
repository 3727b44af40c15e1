"""Tenovi: measurements one by one or in a list, fulfilment and order news.

Coincident values come as measurements of their own that share `timestamp` and `measurement_index`. Within one body they
are put together: a blood pressure takes the pulse and the irregular heartbeat of its instant, an oxygen saturation the
pulse. Across bodies they are not: a webhook may bring them minutes apart or never, and a reading that waits for a
companion is a reading late; so a pulse that comes alone is a heart rate of its own. A key covers the leading value
only, so that a blood pressure is known again when it is sent once more without its pulse.

`hardware_uuid` is the gateway's and changes with it: it never says whose a reading is. `patient_id` is our own number
for people at Tenovi, kept to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from app.domain.vitals.kinds import ObservationType
from app.gateways.assembly import content_key, percent
from app.gateways.bodies import Fields, read_items, sift
from app.gateways.messages import (
    DeviceRef,
    DeviceState,
    Headers,
    IdentifierKind,
    Message,
    Options,
    StateKind,
    Unsupported,
    VitalReading,
    hashed_key,
)
from app.gateways.signatures import AuthMode
from app.gateways.times import Moment, Zone, from_text, offset_minutes, zone_of
from app.gateways.units import measured
from app.gateways.vendor import Option, Vendor, option

_ID = "tenovi"
OPTIONS = (
    Option("temperature_unit", "°F", "The unit of temperatures, which the messages do not tell.", ("°F", "°C")),
    Option("weight_unit", "lb", "The unit of weights, which the messages do not tell.", ("lb", "kg")),
    Option("glucose_unit", "mg/dL", "The unit of glucose values.", ("mg/dL", "mmol/L")),
    Option("naive_times", "utc", "What a time without a zone is.", ("utc", "local")),
)
_ASSOCIATIONS = frozenset({"Connected", "Replaced", "Unlinked"})
# metric → (reading, measure, option that tells its unit)
_METRICS: dict[str, tuple[ObservationType, str, str | None]] = {
    "blood_pressure": ("blood_pressure", "systolic", None),
    "spo2": ("pulse_oximetry", "spo2", None),
    "weight": ("weight", "weight_kg", "weight_unit"),
    "temperature": ("temperature", "temperature_c", "temperature_unit"),
    "glucose": ("glucose", "glucose_mg_dl", "glucose_unit"),
    "blood_glucose": ("glucose", "glucose_mg_dl", "glucose_unit"),
    "peak_expiratory_flow": ("peak_flow", "peak_flow", None),
    "pulse": ("heart_rate", "pulse", None),
}
_COMPANIONS = frozenset({"pulse", "irregular_heartbeat"})
_TAKES_PULSE = frozenset({"blood_pressure", "spo2"})


@dataclass(frozen=True, slots=True)
class _Part:
    """One measurement as it came."""

    metric: str
    device: DeviceRef
    moment: Moment
    index: str
    first: Decimal
    second: Decimal | None
    zone: Zone
    is_estimated: bool
    patient: str | None

    @property
    def instant(self) -> tuple[str, str, str]:
        """What coincident measurements share."""
        return self.device.value, self.moment.at.isoformat(), self.index


def parse(raw: bytes, _content_type: str, _headers: Headers, options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    parts, garbled = sift(read_items(raw), lambda item: _part(item, options))
    ready = [part for part in parts if not isinstance(part, _Part)]
    values = sorted((part for part in parts if isinstance(part, _Part)), key=lambda part: part.instant)
    readings: list[Message] = []
    for _, together in groupby(values, key=lambda part: part.instant):
        readings.extend(_readings(list(together), options))
    return (*readings, *ready, *garbled)


def _part(item: Fields, options: Options) -> _Part | Message:
    if not item.has("metric"):
        return _news(item)
    if item.flag("dummy_data"):
        return Unsupported("Test data.")
    metric = item.text("metric").lower()
    told = offset_minutes(item.find_number("timezone_offset"))
    moment = from_text(item.text("timestamp"), 0 if option(options, OPTIONS, "naive_times") == "utc" else told)
    device = DeviceRef(IdentifierKind.VENDOR_DEVICE, item.text("hwi_device_id"))
    if metric == "battery_percentage":
        level = percent(item.number("value_1"))
        key = hashed_key(_ID, device.value, metric, moment.at, level)
        return DeviceState(StateKind.BATTERY, device, key, moment.at, battery_percent=level)
    if metric not in _METRICS and metric not in _COMPANIONS:
        return Unsupported("This metric is not kept.")
    if metric == "blood_pressure":
        item.number("value_2")
    index = item.find_child("filter_params")
    return _Part(
        metric, device, moment, (index.find_text("measurement_index") if index else None) or "",
        item.number("value_1"), item.find_number("value_2"), zone_of(moment, told, "device"),
        item.flag("estimated_timestamp"), item.find_text("patient_id"),
    )  # fmt: skip


def _readings(together: list[_Part], options: Options) -> Iterator[Message]:
    """Put coincident measurements together; what the leading ones take is no reading of its own."""
    pulse = next((part for part in together if part.metric == "pulse"), None)
    is_irregular = next((part.first != 0 for part in together if part.metric == "irregular_heartbeat"), None)
    leading = [part for part in together if part.metric not in _COMPANIONS]
    takers = [part for part in leading if part.metric in _TAKES_PULSE]
    for part in leading:
        yield _reading(part, pulse if part in takers else None, is_irregular if part in takers else None, options)
    if pulse is not None and not takers:
        yield _reading(pulse, None, is_irregular, options)
    elif is_irregular is not None and not takers:
        yield Unsupported("An irregular heartbeat without the reading that it belongs to.")


def _reading(part: _Part, pulse: _Part | None, is_irregular: bool | None, options: Options) -> Message:
    observation_type, measure, unit_option = _METRICS[part.metric]
    unit = option(options, OPTIONS, unit_option) if unit_option else None
    measures = {measure: measured(measure, part.first, unit)}
    if part.second is not None and part.metric == "blood_pressure":
        measures["diastolic"] = measured("diastolic", part.second)
    key = content_key(_ID, part.device, observation_type, part.moment.at, measures, part.index)
    if pulse is not None:
        measures["pulse"] = measured("pulse", pulse.first)
    return VitalReading(
        part.device, observation_type, part.moment.at, measures, key,
        zone_offset_minutes=part.zone.offset_minutes, offset_origin=part.zone.origin,
        irregular_heartbeat=is_irregular, is_estimated_time=part.is_estimated, external_patient_ref=part.patient,
    )  # fmt: skip


def _news(item: Fields) -> Message:
    """Fulfilment of one device, or of an order."""
    status = item.text("status")
    device = item.find_text("hwi_device_id")
    kind = StateKind.ASSOCIATION if status in _ASSOCIATIONS else StateKind.ORDER
    when = item.find_text("updated_on") or item.find_text("created_on")
    key = hashed_key(_ID, "news", device, item.find_text("order_number"), item.find_text("request_id"), status, when)
    return DeviceState(kind, DeviceRef(IdentifierKind.VENDOR_DEVICE, device) if device else None, key, status=status)


VENDOR = Vendor(
    id=_ID,
    name="Tenovi",
    parse=parse,
    auth_modes=(AuthMode.CUSTOM_HEADER,),
    auth_header="X-Webhook-Key",
    options=OPTIONS,
)

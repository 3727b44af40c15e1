"""Smart Meter / iGlucose. The push format is not public: this reads the reading objects of the pull API, one or many.

What a reading is, its fields tell: the names of `reading_type` are not public either.
"""

from decimal import Decimal

from app.domain.vitals.kinds import ObservationType
from app.gateways.assembly import Wanted, collect, meal_of, percent
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
)
from app.gateways.signatures import AuthMode
from app.gateways.times import from_text, offset_minutes, zone_of
from app.gateways.units import measured
from app.gateways.vendor import Option, Vendor, option

_ID = "smart_meter"
OPTIONS = (Option("naive_times", "local", "What `date_recorded` without a zone is.", ("local", "utc")),)
_VITAL_WORDS = ("glucose", "pressure", "weight", "ox", "spo2", "bg", "bp")
_AGREEMENT = Decimal("0.03")  # both units are rounded: a 40 mg/dL is 2.2 mmol/L, which is 39.6
_TWICE: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "weight_kg": (("weight_kg", "kg"), ("weight_lbs", "lb")),
    "glucose_mg_dl": (("blood_glucose_mgdl", "mg/dL"), ("blood_glucose_mmol", "mmol/L")),
}
_PULSE: Wanted = ("pulse", "pulse_bpm", None)


def parse(raw: bytes, _content_type: str, _headers: Headers, options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    return read_each(read_items(raw, under=("readings",)), lambda item: _read(item, options))


def _read(item: Fields, options: Options) -> tuple[Message, ...]:
    found = _kind(item)
    if found is None:
        kind = (item.find_text("reading_type") or "").lower()
        if not kind or any(word in kind for word in _VITAL_WORDS):
            raise Unreadable("The reading has no value.")
        return (Unsupported("This type of reading is not kept."),)
    observation_type, wanted = found
    told = offset_minutes(item.find_number("time_zone_offset"))
    moment = from_text(item.text("date_recorded"), 0 if option(options, OPTIONS, "naive_times") == "utc" else told)
    zone = zone_of(moment, told, "device")
    record = item.text("reading_id")
    reading = VitalReading(
        device=DeviceRef(IdentifierKind.IMEI, item.text("device_id")),
        observation_type=observation_type,
        measured_at=moment.at,
        measures=collect(observation_type, item, wanted),
        dedup_key=f"{_ID}:{record}",
        record_id=record,
        zone_offset_minutes=zone.offset_minutes,
        offset_origin=zone.origin,
        meal=meal_of(before=item.find_flag("before_meal")) if observation_type == "glucose" else None,
        irregular_heartbeat=item.find_flag("irregular"),
    )
    battery = percent(item.find_number("battery"))
    if battery is None:
        return (reading,)
    state = DeviceState(
        StateKind.BATTERY, reading.device, f"{_ID}:{record}:battery", moment.at, battery_percent=battery
    )
    return reading, state


def _kind(item: Fields) -> tuple[ObservationType, list[Wanted]] | None:
    if item.has("systolic_mmhg") or item.has("diastolic_mmhg"):
        return "blood_pressure", [("systolic", "systolic_mmhg", None), ("diastolic", "diastolic_mmhg", None), _PULSE]
    glucose, weight = _of_two(item, "glucose_mg_dl"), _of_two(item, "weight_kg")
    if glucose:
        return "glucose", [glucose]
    if item.has("spo2"):
        return "pulse_oximetry", [("spo2", "spo2", None), _PULSE]
    return ("weight", [weight]) if weight else None


def _of_two(item: Fields, measure: str) -> Wanted | None:
    """Return in which of its two units a value came; when both came, they must agree."""
    there = [(name, unit, number) for name, unit in _TWICE[measure] if (number := item.find_number(name)) is not None]
    if not there:
        return None
    values = [measured(measure, number, unit).value for _, unit, number in there]
    if max(values) - min(values) > abs(max(values)) * _AGREEMENT:
        raise Unreadable(f"{there[0][0]} and {there[1][0]} disagree.")
    return measure, there[0][0], there[0][1]


VENDOR = Vendor(
    id=_ID,
    name="Smart Meter / iGlucose",
    parse=parse,
    auth_modes=(AuthMode.SHARED_SECRET, AuthMode.API_KEY, AuthMode.BASIC),
    auth_header="X-Webhook-Secret",
    options=OPTIONS,
    is_public=False,
)

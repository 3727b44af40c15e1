"""BodyTrace: scales, and blood pressure monitors as far as their keys are told.

Weights are grams always, whatever the display shows. The names and the unit of blood pressures are not public; until
somebody sets the unit, a blood pressure waits in quarantine instead of being guessed.
"""

from collections.abc import Iterator
from decimal import Decimal

from app.domain.vitals.kinds import ObservationType
from app.gateways.assembly import Wanted, collect, content_key, percent
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
from app.gateways.times import from_epoch
from app.gateways.vendor import Option, Vendor, option

_ID = "bodytrace"
OPTIONS = (
    Option("systolic_key", "systolic", "The name of the systolic pressure in `values`."),
    Option("diastolic_key", "diastolic", "The name of the diastolic pressure in `values`."),
    Option("pulse_key", "pulse", "The name of the pulse in `values`."),
    Option("irregular_key", "irregular", "The name of the irregular heartbeat in `values`."),
    Option("spo2_key", "spo2", "The name of the oxygen saturation in `values`."),
    Option("pressure_unit", "", "The unit of pressures; none is assumed.", ("", "mmHg", "kPa", "Pa")),
)
_MOST_TARE = Decimal(100)  # g; more is a calibration fault (BodyTrace)
_EMPTY_MV, _FULL_MV = Decimal(4700), Decimal(6000)  # normal voltages (BodyTrace); between them we take it as linear
_WEAKEST, _SIGNAL_SPAN = Decimal(115), Decimal(52)  # signal = (115 - rssi) / 52 (BodyTrace)


def parse(raw: bytes, _content_type: str, _headers: Headers, options: Options) -> tuple[Message, ...]:
    """Return what a body says; raises Unreadable."""
    return read_each(read_items(raw), lambda item: tuple(_read(item, options)))


def _read(item: Fields, options: Options) -> Iterator[Message]:
    device = DeviceRef(IdentifierKind.IMEI_SHORT, item.text("deviceId"))
    at = from_epoch(item.number("ts"), "ms")
    values = item.find_child("values") or Fields({})
    tare = values.find_number("tare") or Decimal(0)
    found = _kind(values, options)
    if found:
        observation_type, wanted = found
        measures = collect(observation_type, values, wanted)
        yield VitalReading(
            device, observation_type, at, measures, content_key(_ID, device, observation_type, at, measures),
            irregular_heartbeat=values.find_flag(option(options, OPTIONS, "irregular_key")),
            concern="The scale was not at zero (calibration fault)." if tare > _MOST_TARE else None,
        )  # fmt: skip
    voltage, rssi = item.find_number("batteryVoltage"), item.find_number("rssi")
    if voltage is not None or rssi is not None:
        yield DeviceState(
            StateKind.HEARTBEAT if voltage is None else StateKind.BATTERY, device,
            hashed_key(_ID, "state", device.value, at, voltage, rssi), at,
            battery_percent=percent(voltage and (voltage - _EMPTY_MV) * 100 / (_FULL_MV - _EMPTY_MV)),
            signal_percent=percent(rssi and (_WEAKEST - rssi) * 100 / _SIGNAL_SPAN),
        )  # fmt: skip
    elif not found:
        yield Unsupported("Nothing in this message is kept.")


def _kind(values: Fields, options: Options) -> tuple[ObservationType, list[Wanted]] | None:
    if values.has("weight"):
        return "weight", [("weight_kg", "weight", "g")]
    systolic, diastolic, pulse, spo2 = (
        option(options, OPTIONS, f"{name}_key") for name in ("systolic", "diastolic", "pulse", "spo2")
    )
    beats: Wanted = ("pulse", pulse, None)
    if values.has(systolic) or values.has(diastolic):
        unit = option(options, OPTIONS, "pressure_unit")
        if not unit:
            raise Unreadable("The unit of this vendor's pressures is not set.")
        return "blood_pressure", [("systolic", systolic, unit), ("diastolic", diastolic, unit), beats]
    if values.has(spo2):
        return "pulse_oximetry", [("spo2", spo2, None), beats]
    return ("heart_rate", [beats]) if values.has(pulse) else None


VENDOR = Vendor(id=_ID, name="BodyTrace", parse=parse, auth_modes=(AuthMode.BASIC,), options=OPTIONS)

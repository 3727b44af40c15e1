"""How each vendor writes a reading: simulators, independent of the adapters that read them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from app.gateways.lab.samples import Numbers, Sample

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Simulator:
    """A vendor. `missing` is the member whose absence makes its message unreadable.

    A vendor that only gives notice has `fetched`: the object its API holds for a reading, by the answer's list.
    """

    vendor: str
    write: Callable[[Sample, Numbers], Any]
    missing: str
    content_type: str = _JSON
    units: tuple[str, ...] = ("kg", "lb")
    settings: tuple[tuple[str, str], ...] = ()
    fetched: Callable[[Sample, Numbers], Object] | None = None

    def body(self, sample: Sample, device: Numbers, *, is_whole: bool = True) -> bytes:
        """Return the message's bytes; not whole, the member that makes it readable is gone."""
        message = self.write(sample, device)
        if not is_whole:
            message = _without(message, self.missing)
        return (urlencode(message) if self.content_type == _FORM else json.dumps(message)).encode()


def _without(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_without(one, name) for one in value]
    if isinstance(value, dict):
        return {key: _without(inner, name) for key, inner in value.items() if key != name}
    return value


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


def _record(sample: Sample, device: Numbers) -> int:
    """Return a number of a record that no other run of the lab uses."""
    return int(f"{device.imei[5:14]}{_epoch(sample.measured_at) % 10**8}")


def _is_pressure(sample: Sample) -> bool:
    return sample.observation_type == "blood_pressure"


def _values(sample: Sample) -> Object:
    if _is_pressure(sample):
        return {"systolic": sample.systolic, "diastolic": sample.diastolic, "pulse": sample.pulse}
    return {"weight": str(sample.weight), "unit": sample.unit}


def _mioconnect(sample: Sample, device: Numbers) -> Object:
    item = {"type": sample.observation_type, "device_id": device.serial, "measured_at": _iso(sample.measured_at)}
    event = f"lab-{device.serial}-{_epoch(sample.measured_at)}"
    return {"event_id": event, "type": "reading", "data": [{**item, **_values(sample)}]}


def _tenovi(sample: Sample, device: Numbers) -> list[Object]:
    common = {
        "device_name": "Lab", "hwi_device_id": device.vendor_device_id, "hardware_uuid": "LABGATEWAY01",
        "patient_id": device.user, "sensor_code": "10", "created": _iso(sample.measured_at),
        "timestamp": _iso(sample.measured_at), "timezone_offset": -5, "estimated_timestamp": False,
        "filter_params": {"measurement_index": 1},
    }  # fmt: skip
    if not _is_pressure(sample):
        return [{**common, "metric": "weight", "value_1": str(sample.weight), "value_2": None}]
    pressure = {**common, "metric": "blood_pressure", "value_1": f"{sample.systolic}.00", "value_2": sample.diastolic}
    return [{**common, "metric": "pulse", "value_1": sample.pulse, "value_2": None}, pressure]


def _smart_meter(sample: Sample, device: Numbers) -> Object:
    reading = {
        "reading_id": _record(sample, device), "device_id": device.imei, "device_model": "LAB", "battery": 80,
        "reading_type": sample.observation_type, "time_zone_offset": -5.0, "date_recorded": _iso(sample.measured_at),
    }  # fmt: skip
    if _is_pressure(sample):
        values = {"systolic_mmhg": sample.systolic, "diastolic_mmhg": sample.diastolic, "pulse_bpm": sample.pulse}
        return {**reading, **values}
    return {**reading, "weight_kg" if sample.unit == "kg" else "weight_lbs": str(sample.weight)}


def _bodytrace(sample: Sample, device: Numbers) -> Object:
    values = _values(sample) if _is_pressure(sample) else {"unit": 1, "tare": 0, "weight": int(sample.weight * 1000)}
    return {
        "deviceId": device.imei[:-1].lstrip("0"), "ts": _epoch(sample.measured_at) * 1000, "batteryVoltage": 5500,
        "rssi": 80, "values": values,
    }  # fmt: skip


def _withings(sample: Sample, device: Numbers) -> Object:
    at = _epoch(sample.measured_at)
    appli = 4 if _is_pressure(sample) else 1
    return {"userid": device.user, "appli": appli, "startdate": at - 1, "enddate": at + 1}


def _withings_group(sample: Sample, device: Numbers) -> Object:
    values = {10: sample.systolic, 9: sample.diastolic, 11: sample.pulse}
    measures = [{"type": kind, "value": value, "unit": 0} for kind, value in values.items()]
    if not _is_pressure(sample):
        measures = [{"type": 1, "value": int(sample.kilograms * 10_000), "unit": -4}]
    at = _epoch(sample.measured_at)
    return {
        "grpid": _record(sample, device), "attrib": 0, "category": 1, "date": at, "created": at, "modified": at,
        "measures": measures, "deviceid": device.vendor_device_id,
    }  # fmt: skip


def _validic(sample: Sample, device: Numbers) -> Object:
    units = {"systolic": "mmHg", "diastolic": "mmHg", "pulse": "bpm"}
    values = _values(sample) if _is_pressure(sample) else {"body_weight": str(sample.weight)}
    metrics = [
        {"type": name, "value": value, "unit": units.get(name, sample.unit), "origin": "device"}
        for name, value in values.items()
    ]
    at = _iso(sample.measured_at)
    return {
        "id": f"lab{_record(sample, device)}", "checksum": "1", "type": "measurement", "metrics": metrics,
        "source": {"type": "lab", "device": {"id": device.vendor_device_id}}, "start_time": at, "end_time": at,
        "deleted_at": None, "utc_offset": -18000, "offset_origin": "source", "user": {"uid": device.user},
    }  # fmt: skip


def _telli(sample: Sample, device: Numbers) -> Object:
    return {
        "data": _values(sample), "deviceId": device.imei, "time": str(_epoch(sample.measured_at) * 1000),
        "readingType": "BloodPressure" if _is_pressure(sample) else "Weight", "tzOffsetMinutes": "-300", "mem": "0",
        "genVer": "2", "devdata": {"r": 3, "batt": 8},
    }  # fmt: skip


def _ihealth(sample: Sample, device: Numbers) -> list[Object]:
    kind = "bp" if _is_pressure(sample) else "weight"
    return [{"CollectionType": kind, "MDate": str(_epoch(sample.measured_at)), "UserID": device.user}]


def _ihealth_data(sample: Sample, device: Numbers) -> Object:
    at = _epoch(sample.measured_at)
    values = {"HP": sample.systolic, "LP": sample.diastolic, "HR": sample.pulse, "IsArr": 1}
    return {
        "DataID": f"lab{_record(sample, device)}", "LastChangeTime": at, "MDate": at - 5 * 3600, "TimeZone": "-0500",
        "DataSource": "FromDevice", "DeviceID": device.vendor_device_id,
        **(values if _is_pressure(sample) else {"WeightValue": str(sample.kilograms)}),
    }  # fmt: skip


def _impilo(sample: Sample, device: Numbers) -> Object:
    values = _values(sample) if _is_pressure(sample) else {"weight": str(sample.weight), "weightUnit": sample.unit}
    reading = {
        "id": f"lab{_record(sample, device)}", "readingTimestamp": _iso(sample.measured_at),
        "manual": False, "deviceTimeZoneOffset": -18000, "device": {"imei": device.imei}, **values,
    }  # fmt: skip
    return {"type": "reading.bloodPressure" if _is_pressure(sample) else "reading.weight", "object": reading}


SIMULATORS: dict[str, Simulator] = {
    one.vendor: one
    for one in (
        Simulator("mioconnect", _mioconnect, "device_id"),
        Simulator("tenovi", _tenovi, "hwi_device_id", units=("kg",), settings=(("weight_unit", "kg"),)),
        Simulator("smart_meter", _smart_meter, "device_id"),
        Simulator("bodytrace", _bodytrace, "deviceId", units=("kg",), settings=(("pressure_unit", "mmHg"),)),
        Simulator("withings", _withings, "userid", _FORM, ("kg",), fetched=_withings_group),
        Simulator("validic", _validic, "id"),
        Simulator("telli", _telli, "deviceId"),
        Simulator("ihealth", _ihealth, "UserID", units=("kg",), fetched=_ihealth_data),
        Simulator("impilo", _impilo, "device"),
    )
}

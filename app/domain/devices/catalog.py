"""The catalogue: models the product knows, as data. A new model is a new line.

Source of the six: the product's API contract (§4) and its gateway page, which says that every one of them sends through
the patient's cellular hub without anybody typing (`auto_upload`). `fda_device` says that it is a device as section
201(h) of the FD&C Act defines it, which is what the device codes of remote monitoring ask for; the regulation that
classifies it is named.
"""

from dataclasses import dataclass
from enum import StrEnum


class DeviceKind(StrEnum):
    """What sort of instrument it is."""

    BLOOD_PRESSURE_MONITOR = "blood_pressure_monitor"
    SCALE = "scale"
    GLUCOSE_METER = "glucose_meter"
    PULSE_OXIMETER = "pulse_oximeter"


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """One model and what billing needs to know of it."""

    id: str
    manufacturer: str
    name: str
    kind: DeviceKind
    measurements: tuple[str, ...]
    regulation: str
    auto_upload: bool = True
    fda_device: bool = True


_PRESSURES = ("systolic", "diastolic", "pulse", "irregular_heartbeat")
_MONITOR, _SCALE = DeviceKind.BLOOD_PRESSURE_MONITOR, DeviceKind.SCALE
_OF_MONITORS, _OF_SCALES = "21 CFR 870.1130", "21 CFR 880.2700"

CATALOG: tuple[DeviceModel, ...] = (
    DeviceModel("and-ua-651ble", "A&D", "UA-651BLE", _MONITOR, _PRESSURES, _OF_MONITORS),
    DeviceModel("and-ua-767pbt-ci", "A&D", "UA-767PBT-Ci", _MONITOR, _PRESSURES, _OF_MONITORS),
    DeviceModel("and-uc-352ble", "A&D", "UC-352BLE", _SCALE, ("weight",), _OF_SCALES),
    DeviceModel("and-uc-355pbt-ci", "A&D", "UC-355PBT-Ci", _SCALE, ("weight",), _OF_SCALES),
    DeviceModel(
        "onetouch-verio-flex", "OneTouch", "Verio Flex", DeviceKind.GLUCOSE_METER, ("glucose",), "21 CFR 862.1345"
    ),
    DeviceModel("nonin-3230", "Nonin", "3230", DeviceKind.PULSE_OXIMETER, ("spo2", "pulse"), "21 CFR 870.2700"),
)
MODELS: dict[str, DeviceModel] = {model.id: model for model in CATALOG}

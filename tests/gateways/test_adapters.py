"""What each adapter takes, refuses and leaves out, one member changed at a time; golden files show whole messages."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from app.gateways.messages import AccountEnded, DeviceState, FetchOrder, Message, Unreadable, Unsupported, VitalReading
from app.gateways.messages import Withdrawal as Gone
from app.gateways.registry import VENDORS, parse, parse_fetched
from app.gateways.withings import MEASURE_TYPES

_AT = datetime(2026, 11, 20, 13, 15, tzinfo=UTC)
_EPOCH = 1795180500


def _said(vendor: str, body: Any, **options: str) -> tuple[Message, ...]:
    return parse(vendor, json.dumps(body).encode(), "application/json", {}, options)


def _reading(vendor: str, body: Any, **options: str) -> VitalReading:
    found = [one for one in _said(vendor, body, **options) if isinstance(one, VitalReading)]
    assert len(found) == 1
    return found[0]


def _state(vendor: str, body: Any, **options: str) -> DeviceState:
    return next(one for one in _said(vendor, body, **options) if isinstance(one, DeviceState))


def _values(reading: VitalReading) -> dict[str, Decimal]:
    return {name: one.value for name, one in reading.measures.items()}


@pytest.mark.parametrize(
    ("vendor", "subject", "header", "modes"),
    [
        ("mioconnect", "device", "X-Webhook-Signature", ["timestamped_hmac", "svix", "hmac_hex", "hmac_base64"]),
        ("tenovi", "device", "X-Webhook-Key", ["custom_header"]),
        ("smart_meter", "device", "X-Webhook-Secret", ["shared_secret", "api_key", "basic"]),
        ("bodytrace", "device", "", ["basic"]),
        ("withings", "user", "", ["secret_path", "ip_allow_list"]),
        ("validic", "user", "X-Webhook-Key", ["custom_header", "secret_path", "basic"]),
        ("telli", "device", "X-Api-Key", ["api_key"]),
        ("ihealth", "user", "", ["secret_path", "ip_allow_list"]),
        ("impilo", "device", "Impilo-Webhook-Secret", ["shared_secret"]),
    ],
)
def test_each_vendor_proves_itself_as_its_pages_say(vendor: str, subject: str, header: str, modes: list[str]) -> None:
    """06; the first mode is the default."""
    one = VENDORS[vendor]
    assert (one.subject, one.auth_header, [mode.value for mode in one.auth_modes]) == (subject, header, modes)


def test_the_options_of_a_vendor_are_its_own_and_their_choices_contain_their_defaults() -> None:
    """So that no setting that is offered is refused, and one that is refused is not the default."""
    told = {vendor.id: {one.name: one.choices for one in vendor.options} for vendor in VENDORS.values()}
    assert {name: sorted(options) for name, options in told.items() if options} == {
        "tenovi": ["glucose_unit", "naive_times", "temperature_unit", "weight_unit"],
        "smart_meter": ["naive_times"],
        "bodytrace": ["diastolic_key", "irregular_key", "pressure_unit", "pulse_key", "spo2_key", "systolic_key"],
        "ihealth": ["epoch", "temperature_unit"],
    }
    assert told["bodytrace"]["pressure_unit"] == ("", "mmHg", "kPa", "Pa")
    assert all(one.default in one.choices for vendor in VENDORS.values() for one in vendor.options if one.choices)
    assert [vendor.id for vendor in VENDORS.values() if not vendor.is_public] == ["smart_meter"]


# --- units that must be told ---


@pytest.mark.parametrize(("kind", "name"), [("Temperature", "temperature"), ("BloodGlucose", "glucose")])
def test_telli_guesses_no_unit(kind: str, name: str) -> None:
    """37 could be a fever of 98.6."""
    with pytest.raises(Unreadable, match="unit"):
        _said("telli", {"deviceId": "1", "readingType": kind, "time": "1795180500000", "data": {name: 99}})


@pytest.mark.parametrize("kind", ["temperature", "glucose", "height", "weight"])
def test_the_signed_webhook_guesses_no_unit(kind: str) -> None:
    """As docs/gateways.md says."""
    item = {"type": kind, "device_id": "D", "measured_at": "2026-11-20T13:15:00Z", kind: 90}
    with pytest.raises(Unreadable, match="unit"):
        _said("mioconnect", {"event_id": "e", "type": "reading", "data": item})


_RECORD = {"id": "r1", "type": "measurement", "start_time": "2026-11-20T13:15:00Z", "user": {"uid": "u"}}


def _validic(*metrics: tuple[str, Any, str | None], **more: Any) -> dict[str, Any]:
    told = [{"type": name, "value": value, **({"unit": unit} if unit else {})} for name, value, unit in metrics]
    return {**_RECORD, "metrics": told, **more}


@pytest.mark.parametrize("metric", ["blood_glucose", "body_temperature", "height", "body_weight"])
def test_validic_guesses_no_unit(metric: str) -> None:
    """Nor lets the record through without it."""
    with pytest.raises(Unreadable, match="unit"):
        _said("validic", _validic((metric, 90, None)))


# --- Validic ---


@pytest.mark.parametrize(
    ("metric", "unit", "kind", "measure"),
    [
        ("pulse", None, "heart_rate", "pulse"), ("heart_rate", None, "heart_rate", "pulse"),
        ("resting_heart_rate", "bpm", "heart_rate", "pulse"), ("weight", "kg", "weight", "weight_kg"),
        ("body_weight", "kg", "weight", "weight_kg"), ("glucose", "mg/dL", "glucose", "glucose_mg_dl"),
        ("blood_glucose", "mg/dL", "glucose", "glucose_mg_dl"), ("spo2", "%", "pulse_oximetry", "spo2"),
        ("oxygen_saturation", None, "pulse_oximetry", "spo2"), ("temperature", "°C", "temperature", "temperature_c"),
        ("body_temperature", "°C", "temperature", "temperature_c"), ("peak_flow", None, "peak_flow", "peak_flow"),
        ("peak_expiratory_flow", None, "peak_flow", "peak_flow"), ("height", "cm", "height", "height_cm"),
        ("respiratory_rate", None, "respiratory_rate", "respiratory_rate"),
        ("respiration_rate", None, "respiratory_rate", "respiratory_rate"),
        ("breathing_rate", None, "respiratory_rate", "respiratory_rate"),
    ],
)  # fmt: skip
def test_validic_spells_a_metric_in_several_ways(metric: str, unit: str | None, kind: str, measure: str) -> None:
    """Each is the same measure."""
    reading = _reading("validic", _validic((metric, 38, unit)))
    assert (reading.observation_type, _values(reading)) == (kind, {measure: Decimal(38)})


def test_validic_takes_long_names_of_pressures_apart_and_keeps_them_apart() -> None:
    """Never turned round."""
    reading = _reading(
        "validic", _validic(("diastolic_blood_pressure", 80, None), ("systolic_blood_pressure", 120, None))
    )
    assert _values(reading) == {"systolic": 120, "diastolic": 80}


def test_validic_leaves_a_pulse_that_belongs_to_no_pressure_to_itself() -> None:
    """A weight takes none."""
    kinds = [
        (one.observation_type, sorted(one.measures))
        for one in _said("validic", _validic(("weight", 80, "kg"), ("pulse", 66, None)))
        if isinstance(one, VitalReading)
    ]
    assert sorted(kinds) == [("heart_rate", ["pulse"]), ("weight", ["weight_kg"])]


@pytest.mark.parametrize(("kind", "is_kept"), [("cgm", True), ("measurement", True), ("summary", False)])
def test_validic_keeps_measurements_and_glucose_monitors(kind: str, is_kept: bool) -> None:
    """A summary of a day is no reading."""
    (message,) = _said("validic", _validic(("glucose", 110, "mg/dL"), type=kind))
    assert isinstance(message, VitalReading) is is_kept


@pytest.mark.parametrize(("origins", "is_manual"), [(("", ""), 0), (("manual", ""), 1), (("", "manual"), 1)])
def test_validic_a_record_with_one_value_typed_in_is_manual(origins: tuple[str, str], is_manual: int) -> None:
    """Whichever of them."""
    body = _validic(("systolic", 120, None), ("diastolic", 80, None))
    for metric, origin in zip(body["metrics"], origins, strict=True):
        metric["origin"] = origin
    assert _reading("validic", body).is_manual is bool(is_manual)


def test_validic_says_nothing_twice_and_names_somebody() -> None:
    """Else it could be either value, or anybody's."""
    for body in (_validic(("weight", 80, "kg"), ("body_weight", 90, "kg")), _validic(("weight", 80, "kg"), user=None)):
        with pytest.raises(Unreadable):
            _said("validic", body)


def test_validic_takes_the_users_other_number_and_the_word_of_the_profile_for_its_own() -> None:
    """Without `uid`, `user_id`; an offset of unknown origin is the vendor's word."""
    body = _validic(("weight", 80, "kg"), user={"user_id": "u2"}, utc_offset=-18000)
    reading = _reading("validic", body)
    assert (reading.device.value, reading.offset_origin, reading.zone_offset_minutes) == ("u2", "vendor", -300)
    assert _reading("validic", {**body, "offset_origin": "source"}).offset_origin == "device"


def test_validic_tells_versions_of_a_record_apart_with_and_without_a_checksum() -> None:
    """A new value is a new version of the same record."""
    one, other = (_reading("validic", _validic(("weight", kg, "kg"))) for kg in (80, 81))
    assert (one.record_id, one.dedup_key != other.dedup_key) == (other.record_id, True)
    first, second = (_reading("validic", _validic(("weight", 80, "kg"), checksum=sum_)) for sum_ in ("a", "b"))
    assert first.dedup_key != second.dedup_key


def test_validic_a_deletion_without_a_zone_is_utc() -> None:
    """As their times are."""
    (message,) = _said("validic", {**_RECORD, "deleted_at": "2026-11-20T13:15:00"})
    assert isinstance(message, Gone)
    assert (message.record_id, message.withdrawn_at) == ("r1", _AT)


# --- Tenovi ---


def _tenovi(metric: str, value: Any = 66, **more: Any) -> dict[str, Any]:
    return {"metric": metric, "hwi_device_id": "h1", "value_1": value, "timestamp": "2026-11-20T13:15:00", **more}


@pytest.mark.parametrize(("naive", "hour"), [("utc", 13), ("local", 18)])
def test_tenovi_a_time_without_a_zone_is_what_the_setting_says(naive: str, hour: int) -> None:
    """UTC unless told otherwise."""
    reading = _reading("tenovi", _tenovi("pulse", timezone_offset=-5), naive_times=naive)
    assert (reading.measured_at.hour, reading.zone_offset_minutes) == (hour, -300)
    assert _reading("tenovi", _tenovi("pulse", timezone_offset=-5)).measured_at.hour == 13


def test_tenovi_a_local_time_without_its_offset_is_not_guessed() -> None:
    """It waits."""
    with pytest.raises(Unreadable):
        _said("tenovi", _tenovi("pulse"), naive_times="local")


def test_tenovi_a_pulse_goes_with_the_pressure_of_its_instant_and_not_with_the_weight() -> None:
    """All in one body; the heartbeat as well."""
    found = [
        one
        for one in _said("tenovi", [
            _tenovi("weight", 180), _tenovi("blood_pressure", 120, value_2=80), _tenovi("pulse", 66),
            _tenovi("irregular_heartbeat", 1),
        ])
        if isinstance(one, VitalReading)
    ]  # fmt: skip
    told = {one.observation_type: (sorted(one.measures), one.irregular_heartbeat) for one in found}
    assert told == {
        "blood_pressure": (["diastolic", "pulse", "systolic"], True), "weight": (["weight_kg"], None),
    }  # fmt: skip


def test_tenovi_a_second_value_is_a_diastolic_only_of_a_pressure() -> None:
    """Of nothing else."""
    assert sorted(_reading("tenovi", _tenovi("pulse", 66, value_2=3)).measures) == ["pulse"]


def test_tenovi_a_heartbeat_without_its_pressure_is_left_out() -> None:
    """It is no reading by itself."""
    (message,) = _said("tenovi", _tenovi("irregular_heartbeat", 1))
    assert isinstance(message, Unsupported)


def test_tenovi_readings_of_one_instant_are_told_apart_by_their_index() -> None:
    """And without one they are of the same."""
    keys = [
        _reading("tenovi", _tenovi("pulse", 66, **({"filter_params": {"measurement_index": index}} if index else {})))
        .dedup_key
        for index in (None, "1", "2")
    ]  # fmt: skip
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [("Connected", "association"), ("Replaced", "association"), ("Unlinked", "association"), ("Shipped", "order")],
)
def test_tenovi_news_of_a_device_are_no_reading(status: str, kind: str) -> None:
    """Told apart by the time, whichever of the two there is."""
    one, other = (_state("tenovi", {"status": status, "hwi_device_id": "h", "created_on": day}) for day in ("1", "2"))
    assert (one.kind, one.status, one.dedup_key != other.dedup_key) == (kind, status, True)


# --- Smart Meter ---


def _glucose(**more: Any) -> dict[str, Any]:
    basics = {"reading_id": 7, "device_id": "356938035643809", "date_recorded": "2026-11-20T08:15:00"}
    return {**basics, "time_zone_offset": -5, **more}


@pytest.mark.parametrize("half", ["systolic_mmhg", "diastolic_mmhg"])
def test_smart_meter_half_a_pressure_is_no_pressure(half: str) -> None:
    """Nor a pulse, a saturation or a weight that came beside it."""
    with pytest.raises(Unreadable, match="missing"):
        _said("smart_meter", _glucose(**{half: 120, "pulse_bpm": 66, "spo2": 97}))


def test_smart_meter_a_meal_is_of_glucose_and_a_heartbeat_is_kept() -> None:
    """A weight before a meal is a weight."""
    glucose = _reading("smart_meter", _glucose(blood_glucose_mgdl=110, before_meal=True))
    weight = _reading("smart_meter", _glucose(weight_kg=80, before_meal=True))
    pressure = _reading("smart_meter", _glucose(systolic_mmhg=120, diastolic_mmhg=80, irregular=True))
    assert (glucose.meal, weight.meal, pressure.irregular_heartbeat) == ("pre", None, True)


@pytest.mark.parametrize("kind", ["", "blood_glucose", "weight", "pulse_ox", "spo2", "bg", "bp", "blood_pressure"])
def test_smart_meter_a_vital_without_its_value_waits_for_somebody(kind: str) -> None:
    """It may be one under a name that we do not know."""
    with pytest.raises(Unreadable, match="no value"):
        _said("smart_meter", _glucose(reading_type=kind))


@pytest.mark.parametrize(("mmol", "agrees"), [("5.335", True), ("5.32", False)])
def test_smart_meter_both_units_agree_within_three_percent(mmol: str, agrees: bool) -> None:
    """5.335 mmol/L are 96.1; 100 less 3 % are 97: too far; rounding alone stays well within."""
    body = _glucose(blood_glucose_mgdl=99, blood_glucose_mmol=mmol)
    if agrees:
        assert _values(_reading("smart_meter", body)) == {"glucose_mg_dl": 99}
        return
    with pytest.raises(Unreadable, match="disagree"):
        _said("smart_meter", body)


# --- BodyTrace ---


def _scale(**more: Any) -> dict[str, Any]:
    return {"deviceId": "35693803564380", "ts": _EPOCH * 1000, **more}


@pytest.mark.parametrize(
    ("told", "kind", "battery", "signal"),
    [
        ({"batteryVoltage": 4700}, "battery", 0, None), ({"batteryVoltage": 6000}, "battery", 100, None),
        ({"batteryVoltage": 5350}, "battery", 50, None), ({"rssi": 115}, "heartbeat", None, 0),
        ({"rssi": 63}, "heartbeat", None, 100), ({"rssi": 89, "batteryVoltage": 6100}, "battery", 100, 50),
    ],
)  # fmt: skip
def test_bodytrace_a_battery_or_a_signal_alone_is_state(
    told: dict[str, int], kind: str, battery: int | None, signal: int | None
) -> None:
    """By the published formulas, between 0 and 100."""
    state = _state("bodytrace", _scale(**told))
    assert (state.kind, state.battery_percent, state.signal_percent) == (kind, battery, signal)


@pytest.mark.parametrize(("tare", "asks"), [(None, False), (0, False), (100, False), (101, True)])
def test_bodytrace_a_scale_that_is_not_at_zero_asks_for_a_clinician(tare: int | None, asks: bool) -> None:
    """More than 0.1 kg."""
    reading = _reading("bodytrace", _scale(values={"weight": 81830, "tare": tare}))
    assert (bool(reading.concern), _values(reading)) == (asks, {"weight_kg": Decimal("81.83")})


@pytest.mark.parametrize("half", ["systolic", "diastolic"])
def test_bodytrace_half_a_pressure_is_no_pulse(half: str) -> None:
    """Though one came beside it."""
    with pytest.raises(Unreadable, match="missing"):
        _said("bodytrace", _scale(values={half: 120, "pulse": 66}), pressure_unit="mmHg")


# --- Telli ---


@pytest.mark.parametrize(("period", "meal"), [("before", "pre"), ("after", "post"), (None, None), ("other", None)])
def test_telli_tells_the_meal_or_nothing(period: str | None, meal: str | None) -> None:
    """Nothing is made of silence."""
    data = {"glucose": 110, "unit": "mg/dL", **({"readingPeriod": period} if period else {})}
    body = {"deviceId": "356938035643809", "readingType": "BloodGlucose", "time": f"{_EPOCH}000", "data": data}
    reading = _reading("telli", body)
    assert (reading.meal, reading.measured_at) == (meal, _AT)


# --- Impilo ---


def _impilo(kind: str, **more: Any) -> dict[str, Any]:
    basics = {"id": "r1", "readingTimestamp": "2026-11-20T13:15:00", "device": {"imei": "356938035643809"}}
    return {"type": f"reading.{kind}", "object": {**basics, **more}}


@pytest.mark.parametrize("inside", ["object", "data", "payload", None])
def test_impilo_nests_in_the_ways_that_are_known(inside: str | None) -> None:
    """Or not at all."""
    told = _impilo("weight", weight=80, unit="kg")
    body = {"type": told["type"], **({inside: told["object"]} if inside else told["object"])}
    reading = _reading("impilo", body)
    assert (_values(reading), reading.measured_at) == ({"weight_kg": 80}, _AT)


@pytest.mark.parametrize(
    ("kind", "values", "measures"),
    [
        ("bloodGlucose", {"glucose": 110, "unit": "mg/dL"}, {"glucose_mg_dl": 110}),
        ("temperature", {"temperature": 37, "unit": "°C"}, {"temperature_c": 37}),
        ("bloodOxygen", {"spo2": 97, "bpm": 66}, {"spo2": 97, "pulse": 66}),
        ("bloodOxygen", {"bloodOxygen": 97, "heartRate": 66}, {"spo2": 97, "pulse": 66}),
        ("bloodOxygen", {"oxygenSaturation": 97}, {"spo2": 97}),
        ("bloodPressure", {"systolic": 120, "diastolic": 80, "pulse": 66}, {
            "systolic": 120, "diastolic": 80, "pulse": 66,
        }),
    ],
)  # fmt: skip
def test_impilo_spells_values_in_the_ways_that_are_known(
    kind: str, values: dict[str, Any], measures: Mapping[str, int]
) -> None:
    """Each is the same measure."""
    assert _values(_reading("impilo", _impilo(kind, **values))) == measures


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ({"imei": "1", "serial": "2"}, "imei"), ({"serialNumber": "2"}, "serial"), ({"serial": "2"}, "serial"),
        ({"id": "3"}, "vendor_device"), ("3", "vendor_device"),
    ],
)  # fmt: skip
def test_impilo_names_a_device_by_the_best_of_its_numbers(device: Any, kind: str) -> None:
    """A text is its own number there."""
    assert _reading("impilo", _impilo("weight", weight=80, unit="kg", device=device)).device.kind == kind


@pytest.mark.parametrize("device", [None, {}, {"model": "x"}])
def test_impilo_a_reading_of_no_device_is_unreadable(device: Any) -> None:
    """Nobody knows whose it is."""
    with pytest.raises(Unreadable, match="device"):
        _said("impilo", _impilo("weight", weight=80, unit="kg", device=device))


@pytest.mark.parametrize(
    ("told", "meal"), [({"beforeMeal": True}, "pre"), ({"afterMeal": True}, "post"), ({"beforeMeal": False}, None)]
)
def test_impilo_tells_the_meal(told: dict[str, bool], meal: str | None) -> None:
    """False before is not yet after."""
    assert _reading("impilo", _impilo("bloodGlucose", glucose=110, glucoseUnit="mg/dL", **told)).meal == meal


@pytest.mark.parametrize(
    ("told", "minutes", "origin"),
    [
        ({}, None, None), ({"patientTimeZoneOffset": -18000}, -300, "vendor"),
        ({"patientTimeZoneOffset": -18000, "deviceTimeZoneOffset": -21600}, -360, "device"),
    ],
)  # fmt: skip
def test_impilo_keeps_whose_word_the_offset_is(told: dict[str, int], minutes: int | None, origin: str | None) -> None:
    """The device's before the patient's."""
    body = _impilo("bloodPressure", systolic=120, diastolic=80, irregularHeartbeat=True, manual=True, **told)
    reading = _reading("impilo", body)
    assert (reading.zone_offset_minutes, reading.offset_origin) == (minutes, origin)
    assert (reading.irregular_heartbeat, reading.is_manual) == (True, True)


@pytest.mark.parametrize(
    ("kind", "state", "status"),
    [
        ("device.associationCreated", "association", "created"),
        ("device.associationRemoved", "association", "removed"), ("device.lowBattery", "battery", "low"),
        ("device.weakSignal", "signal", "weak"), ("order.status", "order", "sent"),
        ("order.statusFull", "order", "sent"), ("return.statusFull", "order", "sent"),
    ],
)  # fmt: skip
def test_impilo_news_are_state_and_no_reading(kind: str, state: str, status: str) -> None:
    """At the time that either member tells."""
    for name in ("timestamp", "updatedAt"):
        body = {"type": kind, "object": {"id": "o1", name: "2026-11-20T13:15:00", "status": "sent"}}
        told = _state("impilo", body)
        assert (told.kind, told.status, told.at) == (state, status, _AT)


# --- our own webhook ---


def _event(kind: str, **item: Any) -> dict[str, Any]:
    return {"event_id": "e1", "type": kind, "data": item}


def test_the_signed_webhook_knows_four_meals() -> None:
    """Others wait for somebody."""
    item = {"type": "glucose", "device_id": "D", "measured_at": "2026-11-20T13:15:00Z", "glucose": 90, "unit": "mg/dL"}
    meals = [_reading("mioconnect", _event("reading", **item, meal=meal)).meal for meal in ("pre", "post", "fasting")]
    assert meals == ["pre", "post", "fasting"]
    with pytest.raises(Unreadable, match="meal"):
        _said("mioconnect", _event("reading", **item, meal="lunch"))


@pytest.mark.parametrize(("battery", "kind"), [(None, "heartbeat"), (40, "battery")])
def test_the_signed_webhook_tells_of_devices(battery: int | None, kind: str) -> None:
    """With a time and without."""
    more = {} if battery is None else {"battery_percent": battery, "at": "2026-11-20T13:15:00Z"}
    state = _state("mioconnect", _event("device.status", device_id="D", status="ok", **more))
    assert (state.kind, state.battery_percent, state.status, state.at) == (kind, battery, "ok", _AT if more else None)


@pytest.mark.parametrize("at", ["2026-11-20T13:15:00Z", None])
def test_the_signed_webhook_deletes_with_a_time_and_without(at: str | None) -> None:
    """By the record's own number."""
    (message,) = _said("mioconnect", _event("reading.deleted", id="r1", deleted_at=at))
    assert isinstance(message, Gone)
    assert (message.record_id, message.withdrawn_at) == ("r1", _AT if at else None)


def test_the_signed_webhook_leaves_out_what_it_does_not_know() -> None:
    """Also without data; it is no error."""
    assert isinstance(_said("mioconnect", {"event_id": "e", "type": "patient.created"})[0], Unsupported)


# --- Withings ---


def _notice(**form: Any) -> Message:
    (message,) = parse("withings", urlencode(form).encode(), "application/x-www-form-urlencoded", {}, {})
    return message


@pytest.mark.parametrize(("appli", "types"), [(1, {"1", "4", "11"}), (2, {"12", "71"}), (4, {"9", "10", "11", "54"})])
def test_withings_a_notice_orders_all_that_its_category_can_have(appli: int, types: set[str]) -> None:
    """And each of them is read: a type that is asked for and not read would be lost."""
    order = _notice(userid=363, appli=appli, startdate=_EPOCH, enddate=_EPOCH + 1)
    assert isinstance(order, FetchOrder)
    assert (order.subject, set(MEASURE_TYPES[order.collection].split(","))) == ("363", types)
    for number in sorted(types):
        others = [9, 10] if number in {"9", "10"} else [int(number)]
        assert [one for one in _fetched(*[(kind, 60, 0) for kind in others]) if isinstance(one, VitalReading)]


def _fetched(*measures: tuple[int, int, Any], **group: Any) -> tuple[Message, ...]:
    told = [{"type": kind, "value": value, "unit": unit} for kind, value, unit in measures]
    one = {"grpid": 12, "date": _EPOCH, "category": 1, "measures": told, **group}
    raw = json.dumps({"status": 0, "body": {"measuregrps": [one]}}).encode()
    return parse_fetched("withings", raw, FetchOrder("363", "weight", "k"), {})


@pytest.mark.parametrize(("action", "ends"), [("unlink", True), ("delete", True), ("update", False), (None, False)])
def test_withings_an_account_ends_or_is_only_changed(action: str | None, ends: bool) -> None:
    """A device of the account is not the account."""
    told = _notice(userid=363, appli=46, **({"action": action} if action else {}))
    assert isinstance(told, AccountEnded) is ends
    of_device = _notice(userid=363, appli=46, deviceid="d1", **({"action": action} if action else {}))
    assert isinstance(of_device, DeviceState)
    assert (of_device.device is not None, of_device.status) == (True, action or "changed")


@pytest.mark.parametrize("action", ["unlink", "delete"])
def test_withings_an_account_ends_in_whichever_category_it_is_told(action: str) -> None:
    """Nothing is fetched for it."""
    told = _notice(userid=363, appli=1, action=action, startdate=_EPOCH, enddate=_EPOCH)
    assert isinstance(told, AccountEnded)
    assert told.subject == "363"


@pytest.mark.parametrize("unit", [10, -10, 0.5])
def test_withings_a_power_of_ten_that_is_none_is_unreadable(unit: float) -> None:
    """Or that no instrument has; 9 is the last."""
    assert _fetched((11, 66, 0), (1, 8, 9))
    with pytest.raises(Unreadable):
        _fetched((1, 80, unit))


@pytest.mark.parametrize(("attrib", "is_manual"), [(0, False), (2, True), (4, True), (8, False)])
def test_withings_what_was_typed_in_is_manual(attrib: int, is_manual: bool) -> None:
    """At the device's time in no zone when none is told."""
    (reading,) = _fetched((1, 80, 0), attrib=attrib)
    assert isinstance(reading, VitalReading)
    assert (reading.is_manual, reading.zone_offset_minutes, reading.offset_origin) == (is_manual, None, None)


def test_withings_a_reading_of_no_device_is_of_the_account() -> None:
    """And one of a device is the device's."""
    kinds = [one.device.kind for one in (*_fetched((1, 80, 0)), *_fetched((1, 80, 0), deviceid="d"))]  # type: ignore[union-attr]
    assert kinds == ["vendor_user", "vendor_device"]


def test_withings_an_answer_without_groups_is_empty() -> None:
    """Not an error."""
    raw = b'{"status": 0, "body": {"updatetime": 1}}'
    assert parse_fetched("withings", raw, FetchOrder("363", "weight", "k"), {}) == ()


# --- iHealth ---


def _pressure(**more: Any) -> tuple[Message, ...]:
    item = {"DataID": "d1", "MDate": _EPOCH - 18000, "TimeZone": "-0500", "HP": 142, "LP": 92, **more}
    raw = json.dumps({"BPDataList": [item], "BPUnit": 0}).encode()
    return parse_fetched("ihealth", raw, FetchOrder("ab12", "bp", "k"), {})


@pytest.mark.parametrize(("told", "irregular"), [(-1, None), (1, False), (2, True), (3, None)])
def test_ihealth_tells_the_heartbeat_or_that_it_does_not_know(told: int, irregular: bool | None) -> None:
    """1 is normal."""
    (reading,) = _pressure(IsArr=told)
    assert isinstance(reading, VitalReading)
    assert (reading.irregular_heartbeat, reading.measured_at, reading.is_manual) == (irregular, _AT, False)
    assert _values(reading) == {"systolic": 142, "diastolic": 92}


@pytest.mark.parametrize(
    ("told", "kind"),
    [({}, "vendor_user"), ({"DeviceID": "d"}, "vendor_device"), ({"mDeviceId": "d"}, "vendor_device")],
)
def test_ihealth_names_the_device_or_else_the_account(told: dict[str, str], kind: str) -> None:
    """Under either name."""
    (reading,) = _pressure(**told)
    assert isinstance(reading, VitalReading)
    assert reading.device.kind == kind


def test_ihealth_a_record_that_was_changed_is_another_version_of_it() -> None:
    """One without a time of change has one key."""
    keys = [one.dedup_key for more in ({}, {"LastChangeTime": 1}, {"LastChangeTime": 2}) for one in _pressure(**more)]  # type: ignore[union-attr]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(("told", "collection"), [("bg", "glucose"), ("BO", "spo2"), ("hr", "heartrate"), ("bp", "bp")])
def test_ihealth_spells_collections_in_two_ways(told: str, collection: str) -> None:
    """With any case, and with no date at all."""
    (order,) = _said("ihealth", [{"CollectionType": told, "UserID": "ab12"}])
    assert isinstance(order, FetchOrder)
    assert (order.collection, order.subject) == (collection, "ab12")


@pytest.mark.parametrize("answer", ["[]", "{}", '{"BPDataList": [], "WeightDataList": []}', '"x"'])
def test_ihealth_an_answer_that_is_none_is_unreadable(answer: str) -> None:
    """Neither empty nor guessed."""
    with pytest.raises(Unreadable):
        parse_fetched("ihealth", answer.encode(), FetchOrder("ab12", "bp", "k"), {})


def test_ihealth_a_list_that_is_null_is_empty() -> None:
    """As theirs is when there is nothing."""
    assert parse_fetched("ihealth", b'{"BPDataList": null, "BPUnit": 0}', FetchOrder("ab12", "bp", "k"), {}) == ()


@pytest.mark.parametrize(
    ("told", "meal"),
    [("Before_breakfast", "pre"), ("After_dinner", "post"), ("Before_sleep", None), ("", None), ("Unknown", None)],
)
def test_ihealth_tells_the_meal(told: str, meal: str | None) -> None:
    """Before sleep is before no meal."""
    item = {"DataID": "d", "MDate": _EPOCH, "TimeZone": "+0000", "BG": 110, "DinnerSituation": told}
    raw = json.dumps({"BGDataList": [item], "BGUnit": 0}).encode()
    (reading,) = parse_fetched("ihealth", raw, FetchOrder("ab12", "glucose", "k"), {})
    assert isinstance(reading, VitalReading)
    assert (reading.meal, _values(reading)) == (meal, {"glucose_mg_dl": 110})


@pytest.mark.parametrize("collection", ["sleep", "activity"])
def test_ihealth_a_collection_that_is_not_kept_is_not_read(collection: str) -> None:
    """Neither ordered nor taken for a heart rate."""
    (message,) = _said("ihealth", [{"CollectionType": collection, "UserID": "u"}])
    assert isinstance(message, Unsupported)
    raw = json.dumps({"XDataList": [{"DataID": "d", "MDate": 1, "TimeZone": "+0000", "HR": 66}]}).encode()
    with pytest.raises(Unreadable, match="not kept"):
        parse_fetched("ihealth", raw, FetchOrder("u", collection, "k"), {})

"""Every kind of reading over HTTP: its units, its limits, its decimals, and what cannot be true."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.vitals.kinds import KINDS
from app.domain.vitals.measures import MAX_DECIMALS
from tests.builders import Person, a_device, a_patient, a_user, signed_in

FIELDS: dict[str, dict[str, str]] = {
    "blood-pressure": {"systolic": "120.5", "diastolic": "80", "pulse": "70"},
    "weight": {"weight_kg": "81.50"},
    "glucose": {"glucose_mg_dl": "104.0"},
    "pulse-oximetry": {"spo2": "97", "pulse": "66"},
    "heart-rate": {"heart_rate": "71"},
    "temperature": {"temperature_c": "36.70"},
    "respiratory-rate": {"respiratory_rate": "16"},
    "peak-flow": {"peak_flow": "410"},
    "height": {"height_cm": "171.5"},
}
LIMITS = [
    ("weight", "weight_kg", "2", "450"), ("weight", "weight_lb", "5", "992"),
    ("glucose", "glucose_mg_dl", "10", "1000"),
    ("glucose", "glucose_mmol_l", "0.6", "55.5"), ("pulse-oximetry", "spo2", "30", "100"),
    ("heart-rate", "heart_rate", "30", "250"), ("temperature", "temperature_c", "25", "45"),
    ("temperature", "temperature_f", "77", "113"), ("respiratory-rate", "respiratory_rate", "3", "80"),
    ("peak-flow", "peak_flow", "30", "1000"),
    ("height", "height_cm", "40", "260"), ("height", "height_in", "16", "102"),
]  # fmt: skip


class House:
    """A clinician with a patient, and the readings they post."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.doctor = client, a_user()
        self.headers = signed_in(client, self.doctor)
        self.patient_id = a_patient(self.doctor.actor).id

    def post(self, kind: str, values: dict[str, str], minutes_ago: float = 60, **more: str) -> Any:
        """Post numbers digit for digit."""
        at = (datetime.now(UTC) - timedelta(minutes=minutes_ago)).isoformat()
        texts = {"patient_id": str(self.patient_id), "measured_at": at, **more}
        members = [f'"{name}":"{text}"' for name, text in texts.items()]
        members += [f'"{name}":{number}' for name, number in values.items()]
        return self.client.post(
            f"/api/v1/ingestion/{kind}/", data="{" + ",".join(members) + "}", content_type="application/json",
            headers=self.headers,
        )  # fmt: skip


@pytest.fixture
def house(client: FlaskClient) -> House:
    """A practice of its own."""
    return House(client)


def test_there_is_a_path_for_every_kind() -> None:
    """The table of kinds is the list of paths."""
    assert set(FIELDS) == {kind.path for kind in KINDS.values()}


@pytest.mark.parametrize("kind", FIELDS)
def test_every_kind_comes_back_digit_for_digit(house: House, kind: str) -> None:
    """And a second delivery is the first."""
    first = house.post(kind, FIELDS[kind], device_id="thing-1", measured_at="2026-11-20T07:30:00-05:00")
    again = house.post(kind, FIELDS[kind], device_id="thing-1", measured_at="2026-11-20T12:30:00Z")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert all(f'"{name}":{number}' in first.text for name, number in FIELDS[kind].items())
    assert (first.json["observation_type"], first.json["measured_at"]) == (
        kind.replace("-", "_"),
        "2026-11-20T12:30:00Z",
    )


_NUMBERS = st.sampled_from(LIMITS).flatmap(
    lambda line: st.tuples(
        st.just(line[:2]),
        st.integers(0, MAX_DECIMALS).flatmap(
            lambda places: st.decimals(Decimal(line[2]), Decimal(line[3]), places=places, allow_nan=False)
        ),
    )
)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=_NUMBERS)
def test_any_number_within_the_limits_comes_back_digit_for_digit(drawn: Any, client: FlaskClient) -> None:
    """In every unit that is taken, zeros at its end too: from the answer, and from what is stored."""
    (kind, field), number = drawn
    house = House(client)
    more = {"pulse": "70"} if kind == "pulse-oximetry" else {}
    answer = house.post(kind, {field: f"{number:f}", **more})
    stored = client.get(f"/api/v1/observations/{answer.json['id']}/", headers=house.headers)
    assert f'"{field}":{number:f}' in answer.text
    assert f'"{field}":{number:f}' in stored.text


@pytest.mark.parametrize(("kind", "field", "low", "high"), LIMITS)
def test_the_limits_are_inclusive(house: House, kind: str, field: str, low: str, high: str) -> None:
    """On them 201, one ten-thousandth beyond 400."""
    others = {name: value for name, value in FIELDS[kind].items() if name != field and name.split("_")[0] not in field}
    for number, beyond in ((low, f"{float(low) - 0.0001:.4f}"), (high, f"{float(high) + 0.0001:.4f}")):
        house.patient_id = a_patient(house.doctor.actor).id  # one patient cannot be of both weights
        refused = house.post(kind, {**others, field: beyond})
        assert (refused.status_code, list(refused.json["field_errors"])) == (400, [field])
        assert house.post(kind, {**others, field: number}).status_code == 201


@pytest.mark.parametrize(
    ("kind", "posted", "shown"),
    [
        ("weight", {"weight_lb": "180.50"}, '"weight_kg":81.87,"weight_lb":180.50'),
        ("glucose", {"glucose_mmol_l": "5.5"}, '"glucose_mg_dl":99,"glucose_mmol_l":5.5'),
        ("temperature", {"temperature_f": "100.4"}, '"temperature_c":38.0,"temperature_f":100.4'),
        ("height", {"height_in": "70"}, '"height_cm":177.8,"height_in":70'),
    ],
)
def test_the_other_unit_is_accepted_and_both_are_answered(
    house: House, kind: str, posted: dict[str, str], shown: str
) -> None:
    """What was posted verbatim, the other for reading."""
    assert shown in house.post(kind, posted).text


def test_one_of_two_units_is_needed_and_only_one(house: House) -> None:
    """Neither and both are refused by name."""
    none, both = house.post("weight", {}), house.post("weight", {"weight_kg": "80", "weight_lb": "176"})
    assert none.json["field_errors"] == {"weight_kg": ["This field is required. Or weight_lb."]}
    assert both.json["field_errors"] == {"weight_lb": ["Only one of weight_kg and weight_lb."]}


def test_glucose_knows_its_meal(house: House) -> None:
    """One of four words."""
    assert house.post("glucose", FIELDS["glucose"], meal="fasting").json["meal"] == "fasting"
    assert house.post("glucose", FIELDS["glucose"], meal="brunch").status_code == 400


def test_a_weight_that_jumps_is_stored_and_waits(house: House) -> None:
    """With a reason in the answer; the board and the alerts do not hear of it."""
    house.post("weight", {"weight_kg": "80"}, minutes_ago=62)
    answer = house.post("weight", {"weight_kg": "112"}, minutes_ago=61)
    assert (answer.status_code, answer.json["status"], answer.json["quarantine_reason"]) == (
        201, "quarantined", "weight_jump",
    )  # fmt: skip
    line = house.client.get("/api/v1/triage/patients/", headers=house.headers).json["results"][0]
    assert line["latest_vitals"]["weight"]["weight_kg"] == 80


def test_the_board_shows_the_latest_of_every_kind(house: House) -> None:
    """By the names of the wire."""
    for kind, values in FIELDS.items():
        house.post(kind, values)
    vitals = house.client.get("/api/v1/triage/patients/", headers=house.headers).json["results"][0]["latest_vitals"]
    assert set(vitals) == {kind.replace("-", "_") for kind in FIELDS}
    assert vitals["heart_rate"] == {"heart_rate": 71, "measured_at": vitals["heart_rate"]["measured_at"]}


def test_a_reading_of_a_held_device_came_by_itself(client: FlaskClient) -> None:
    """One without a device was typed in, unless it says otherwise."""
    house = House(client)
    person: Person = house.doctor
    device = a_device(person.actor, house.patient_id, datetime.now(UTC) - timedelta(days=1))
    for minutes, more in enumerate(({"device_id": str(device.serial)}, {}, {"source": "auto"})):
        assert house.post("heart-rate", FIELDS["heart-rate"], minutes_ago=60 + minutes, **more).status_code == 201

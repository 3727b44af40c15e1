"""A blood-pressure reading becomes an Observation that HL7's profile accepts and its examples agree with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.fhir.observation import (
    DATA_ABSENT_REASONS,
    BloodPressureFacts,
    blood_pressure_observation,
)
from tests.fhir_profile import fhir_resources_issues, load_json, load_profile, profile_issues

DATA = Path(__file__).parents[2] / "data/us_core_610"
PROFILE = load_profile(DATA / "StructureDefinition-us-core-blood-pressure.json")
HL7_NORMAL = load_json(DATA / "Observation-blood-pressure.json")
HL7_ABSENT = load_json(DATA / "Observation-bp-data-absent.json")

READING = BloodPressureFacts(
    id=UUID("0190a0b0-0000-7000-8000-000000000001"),
    version=3,
    last_updated=datetime(2024, 5, 1, 8, 30, 16, 120_000, tzinfo=UTC),
    patient_id=UUID("0190a0b0-0000-7000-8000-0000000000aa"),
    patient_display="Amy Shaw",
    measured_at=datetime(2024, 5, 1, 8, 30, 15, tzinfo=UTC),
    status="final",
    systolic=109,
    systolic_absent_reason=None,
    diastolic=44,
    diastolic_absent_reason=None,
    pulse=None,
    device_display=None,
)
ABSENT = replace(READING, diastolic=None, diastolic_absent_reason="unknown")
READINGS = {
    "normal": READING,
    "diastolic absent": ABSENT,
    "both absent": replace(ABSENT, systolic=None, systolic_absent_reason="error"),
    "absent without a reason": replace(READING, systolic=None),
    "with pulse": replace(READING, pulse=72),
    "entered in error": replace(READING, status="entered-in-error"),
    "amended": replace(READING, status="amended"),
    "decimals": replace(READING, systolic=Decimal("109.50"), pulse=Decimal("71.0")),
    "device known": replace(READING, device_display="Home cuff 7"),
    "patient unnamed": replace(READING, patient_display=None),
}


def observe(reading: BloodPressureFacts) -> dict[str, Any]:
    return blood_pressure_observation(reading)


@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS.keys())
def test_the_observation_passes_hl7s_profile_and_the_second_opinion(reading):
    observation = observe(reading)
    assert profile_issues(PROFILE, observation) == []
    assert fhir_resources_issues(observation) == []


@pytest.mark.parametrize(
    ("reading", "example"), [(READING, HL7_NORMAL), (ABSENT, HL7_ABSENT)], ids=["normal", "absent"]
)
def test_the_components_equal_hl7s_example(reading, example):
    assert observe(reading)["component"] == example["component"]


def test_the_category_and_the_panels_coding_equal_hl7s_example():
    observation = observe(READING)
    assert observation["category"] == HL7_NORMAL["category"]
    assert observation["code"]["coding"] == HL7_NORMAL["code"]["coding"]


def test_the_meta_names_the_version_the_instant_and_the_profile():
    assert observe(READING)["meta"] == {
        "versionId": "3",
        "lastUpdated": "2024-05-01T08:30:16.120Z",
        "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-blood-pressure"],
    }


def test_the_subject_is_the_patient_by_id_and_name():
    assert observe(READING)["subject"] == {
        "reference": "Patient/0190a0b0-0000-7000-8000-0000000000aa",
        "display": "Amy Shaw",
    }


@pytest.mark.parametrize(
    ("measured_at", "written"),
    [
        (datetime(2024, 5, 1, 8, 30, 0, tzinfo=UTC), "2024-05-01T08:30:00Z"),
        (datetime(2024, 5, 1, 8, 30, 0, 999, tzinfo=UTC), "2024-05-01T08:30:00Z"),
        (datetime(2024, 5, 1, 8, 30, 0, 1000, tzinfo=UTC), "2024-05-01T08:30:00.001Z"),
        (datetime(2024, 5, 1, 8, 30, 0, 500_000, tzinfo=UTC), "2024-05-01T08:30:00.500Z"),
        (datetime(2024, 5, 1, 8, 30, 0, 999_999, tzinfo=UTC), "2024-05-01T08:30:00.999Z"),
        (datetime(2024, 5, 1, 1, 30, tzinfo=timezone(timedelta(hours=5))), "2024-04-30T20:30:00Z"),
    ],
)
def test_the_effective_time_is_utc_with_seconds_and_only_real_milliseconds(measured_at, written):
    assert observe(replace(READING, measured_at=measured_at))["effectiveDateTime"] == written


@pytest.mark.parametrize("value", [109, Decimal(109), Decimal("109.0"), Decimal("109.50")], ids=repr)
def test_a_value_keeps_its_type_and_its_decimals(value):
    quantity = observe(replace(READING, systolic=value))["component"][0]["valueQuantity"]
    assert repr(quantity["value"]) == repr(value)


def test_a_known_pulse_is_a_third_component_per_minute():
    pulse = observe(replace(READING, pulse=72))["component"][2]
    assert pulse["code"]["coding"][0]["code"] == "8867-4"
    assert pulse["valueQuantity"] == {
        "value": 72,
        "unit": "beats/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }


def test_an_unknown_pulse_device_or_name_is_left_out():
    observation = observe(replace(READING, patient_display=None))
    assert len(observation["component"]) == 2
    assert "device" not in observation
    assert "display" not in observation["subject"]


def test_a_known_device_is_shown_by_name():
    observation = observe(replace(READING, device_display="Home cuff 7"))
    assert observation["device"] == {"display": "Home cuff 7"}


@pytest.mark.parametrize("status", ["final", "entered-in-error", "amended"])
def test_the_status_is_the_readings_own(status):
    assert observe(replace(READING, status=status))["status"] == status


@pytest.mark.parametrize("reason", [*sorted(DATA_ABSENT_REASONS), None])
def test_an_absent_pressure_says_why_or_unknown(reason):
    systolic = observe(replace(READING, systolic=None, systolic_absent_reason=reason))["component"][0]
    coding = systolic["dataAbsentReason"]["coding"][0]
    assert coding["system"] == "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    assert coding["code"] == (reason or "unknown")
    assert "valueQuantity" not in systolic


def test_there_are_the_fifteen_data_absent_reasons_of_fhir_r4():
    assert len(DATA_ABSENT_REASONS) == 15
    assert {"unknown", "not-performed", "not-permitted", "error", "masked"} <= DATA_ABSENT_REASONS


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [
        ({"measured_at": datetime(2024, 5, 1)}, "measured_at must carry a time zone"),  # noqa: DTZ001
        ({"last_updated": datetime(2024, 5, 1)}, "last_updated must carry a time zone"),  # noqa: DTZ001
        ({"systolic": None, "systolic_absent_reason": "tired"}, "not a FHIR data-absent-reason code"),
        ({"diastolic": None, "diastolic_absent_reason": ""}, "not a FHIR data-absent-reason code"),
        ({"systolic_absent_reason": "unknown"}, "systolic has a value and a reason"),
        ({"systolic": Decimal("NaN")}, "systolic must be a finite number"),
        ({"pulse": Decimal("Infinity")}, "pulse must be a finite number"),
    ],
)
def test_facts_that_no_observation_could_tell_are_refused(facts, complaint):
    with pytest.raises(ValueError, match=complaint):
        replace(READING, **facts)

"""Every kind of reading becomes an Observation that its US Core profile accepts."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.domain.fhir.vitals import SHAPES, VitalFacts, vital_observation
from app.domain.vitals.kinds import KINDS, ObservationType
from tests.fhir_profile import fhir_resources_issues, load_profile, profile_issues

DATA = Path(__file__).parents[2] / "data/us_core_610"
AT = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
CODES = {
    "weight": (["29463-7"], "kg"), "height": (["8302-2"], "cm"), "temperature": (["8310-5"], "Cel"),
    "heart_rate": (["8867-4"], "/min"), "respiratory_rate": (["9279-1"], "/min"),
    "pulse_oximetry": (["59408-5", "2708-6"], "%"), "peak_flow": (["19935-6"], "L/min"),
    "glucose": (["41653-7"], "mg/dL"),
}  # fmt: skip


def _observe(kind: ObservationType, **more: Any) -> dict[str, Any]:
    facts = {
        "id": UUID("0190a0b0-0000-7000-8000-000000000001"), "version": 1, "last_updated": AT,
        "patient_id": UUID("0190a0b0-0000-7000-8000-0000000000aa"), "patient_display": "Amy Shaw", "measured_at": AT,
        "status": "final", "observation_type": kind, "value": Decimal("98.50"), "pulse": None,
        "device_display": "thing-1",
    }  # fmt: skip
    return vital_observation(VitalFacts(**{**facts, **more}))


def test_every_kind_but_the_blood_pressure_has_its_line() -> None:
    """Which has a module of its own."""
    assert set(SHAPES) == set(KINDS) - {"blood_pressure"}


@pytest.mark.parametrize("kind", sorted(set(SHAPES) - {"glucose"}))
@pytest.mark.parametrize("status", ["final", "entered-in-error"])
def test_it_passes_the_profile_that_it_claims(kind: ObservationType, status: str) -> None:
    """By HL7's own definition, and by a second opinion; the checker cannot read the profile of glucose."""
    observation = _observe(kind, status=status)
    profile = load_profile(DATA / f"StructureDefinition-us-core-{SHAPES[kind].profile}.json")
    assert profile_issues(profile, observation) == []
    assert fhir_resources_issues(observation) == []


def test_glucose_is_a_clinical_result_of_the_laboratory() -> None:
    """By the second opinion alone."""
    observation = _observe("glucose")
    assert observation["category"][0]["coding"][0]["code"] == "laboratory"
    assert fhir_resources_issues(observation) == []


@pytest.mark.parametrize("kind", SHAPES)
def test_the_codes_and_units_are_those_of_the_standard(kind: ObservationType) -> None:
    """LOINC and UCUM."""
    observation = _observe(kind)
    codes = [coding["code"] for coding in observation["code"]["coding"]]
    assert (codes, observation["valueQuantity"]["code"]) == CODES[kind]
    assert str(observation["valueQuantity"]["value"]) == "98.50"


def test_an_oximeters_pulse_is_a_component_and_nobody_elses() -> None:
    """A heart rate's pulse is its value."""
    profile = load_profile(DATA / "StructureDefinition-us-core-pulse-oximetry.json")
    both = _observe("pulse_oximetry", pulse=Decimal(66))
    assert both["component"][0]["code"]["coding"][0]["code"] == "8867-4"
    assert profile_issues(profile, both) == []
    assert "component" not in _observe("heart_rate", pulse=Decimal(66))

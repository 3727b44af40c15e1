"""HL7's own blood pressures, posted through the API, come back as FHIR with the same values, units and time."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import a_patient, a_user, signed_in
from tests.fhir_profile import load_json, load_profile, profile_issues

DATA = Path(__file__).parents[1] / "data" / "us_core_610"
EXAMPLES = sorted(DATA.glob("Observation-b*p*.json"))
PROFILE = DATA / "StructureDefinition-us-core-blood-pressure.json"
_NAMES = {"8480-6": "systolic", "8462-4": "diastolic"}


def _as_posted(example: dict[str, Any], patient_id: object) -> dict[str, Any]:
    body: dict[str, Any] = {"patient_id": str(patient_id), "measured_at": f"{example['effectiveDateTime']}T00:00:00Z"}
    for component in example["component"]:
        name = _NAMES[component["code"]["coding"][0]["code"]]
        if "valueQuantity" in component:
            body[name] = component["valueQuantity"]["value"]
        else:
            body[f"{name}_absent_reason"] = component["dataAbsentReason"]["coding"][0]["code"]
    return body


def _facts(observation: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (
            component["code"]["coding"][0]["code"],
            component.get("valueQuantity"),
            component.get("dataAbsentReason", {}).get("coding"),
        )
        for component in observation["component"]
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_hl7s_example_comes_back_with_the_same_values_units_and_date(client: FlaskClient, path: Path) -> None:
    """And is valid against the profile it claims."""
    example = load_json(path)
    doctor = a_user()
    headers = signed_in(client, doctor)
    posted = client.post(
        "/api/v1/ingestion/blood-pressure/", json=_as_posted(example, a_patient(doctor.actor).id), headers=headers
    )
    assert posted.status_code == 201, posted.text
    back = client.get(f"/api/v1/fhir/observations/{posted.json['id']}/", headers=headers).json
    assert (_facts(back), back["code"]["coding"][0]["code"]) == (_facts(example), "85354-9")
    assert back["effectiveDateTime"] == f"{example['effectiveDateTime']}T00:00:00Z"
    assert profile_issues(load_profile(PROFILE), back) == []


def test_both_of_hl7s_examples_are_here() -> None:
    """An empty folder would pass in silence."""
    assert len(EXAMPLES) == 2

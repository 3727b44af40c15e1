"""The profile checker passes HL7's own examples and finds every fault planted in them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fhir_profile import Json, fhir_resources_issues, load_json, load_profile, profile_issues

DATA = Path(__file__).parent / "data/us_core_610"
BLOOD_PRESSURE = load_profile(DATA / "StructureDefinition-us-core-blood-pressure.json")
VITAL_SIGNS = load_profile(DATA / "StructureDefinition-us-core-vital-signs.json")
NORMAL = load_json(DATA / "Observation-blood-pressure.json")
ABSENT = load_json(DATA / "Observation-bp-data-absent.json")
SYSTOLIC_VALUE = "Observation.component[0].valueQuantity"

# What is done to HL7's example, and the issue that must be reported for it.
FAULTS: list[tuple[str, Callable[[Json], object], str]] = [
    (
        "no systolic component",
        lambda o: o["component"].pop(0),
        "Observation.component:systolic: found 0, at least 1 required",
    ),
    (
        "only one component",
        lambda o: o["component"].pop(0),
        "Observation.component: found 1, at least 2 required",
    ),
    (
        "two systolic components",
        lambda o: o["component"].append(o["component"][0]),
        "Observation.component:systolic: found 2, at most 1 allowed",
    ),
    (
        "a component that is systolic and diastolic at once",
        lambda o: o["component"][0]["code"]["coding"].extend(o["component"][1]["code"]["coding"]),
        "Observation.component[0]: in more than one slice",
    ),
    (
        "wrong unit code",
        lambda o: o["component"][0]["valueQuantity"].update(code="kPa"),
        f"{SYSTOLIC_VALUE}.code: 'kPa', fixed to 'mm[Hg]'",
    ),
    (
        "wrong unit system",
        lambda o: o["component"][0]["valueQuantity"].update(system="urn:local"),
        f"{SYSTOLIC_VALUE}.system: 'urn:local', fixed to 'http://unitsofmeasure.org'",
    ),
    (
        "no unit text",
        lambda o: o["component"][0]["valueQuantity"].pop("unit"),
        f"{SYSTOLIC_VALUE}.unit: found 0, at least 1 required",
    ),
    (
        "a number as text",
        lambda o: o["component"][0]["valueQuantity"].update(value="109"),
        f"{SYSTOLIC_VALUE}.value: '109' is not a FHIR decimal",
    ),
    (
        "an unknown comparator",
        lambda o: o["component"][0]["valueQuantity"].update(comparator="~"),
        f"{SYSTOLIC_VALUE}.comparator: '~' is not in http://hl7.org/fhir/ValueSet/quantity-comparator|4.0.1",
    ),
    (
        "a systolic value of another type",
        lambda o: o["component"][0].update(valueString=str(o["component"][0].pop("valueQuantity"))),
        "Observation.component[0].valueString: unknown element",
    ),
    (
        "value of two types",
        lambda o: o.update(effectivePeriod={"start": "1999-07-02"}),
        "Observation.effective[x]: only one type allowed, found ['effectiveDateTime', 'effectivePeriod']",
    ),
    (
        "value and reason both absent",
        lambda o: o["component"][0].pop("valueQuantity"),
        "Observation.component[0]: vs-3 If there is no a value a data absent reason must be present",
    ),
    ("no category", lambda o: o.pop("category"), "Observation.category: found 0, at least 1 required"),
    (
        "another category",
        lambda o: o["category"][0]["coding"][0].update(code="laboratory"),
        "Observation.category:VSCat: found 0, at least 1 required",
    ),
    (
        "category not an array",
        lambda o: o.update(category=o["category"][0]),
        "Observation.category: must be an array",
    ),
    (
        "wrong panel LOINC",
        lambda o: o["code"]["coding"][0].update(code="8867-4"),
        (
            "Observation.code: does not contain the pattern "
            "{'coding': [{'system': 'http://loinc.org', 'code': '85354-9'}]}"
        ),
    ),
    (
        "wrong diastolic LOINC",
        lambda o: o["component"][1]["code"]["coding"][0].update(code="8867-4"),
        "Observation.component:diastolic: found 0, at least 1 required",
    ),
    ("empty array", lambda o: o.update(note=[]), "Observation.note: empty value []"),
    ("null", lambda o: o.update(issued=None), "Observation.issued: empty value None"),
    (
        "empty text deep inside",
        lambda o: o["code"]["coding"][0].update(display=""),
        "Observation.code.coding[0].display: empty value ''",
    ),
    ("no subject", lambda o: o.pop("subject"), "Observation.subject: found 0, at least 1 required"),
    (
        "no effective time",
        lambda o: o.pop("effectiveDateTime"),
        "Observation.effective[x]: found 0, at least 1 required",
    ),
    (
        "effective time with seconds but no zone",
        lambda o: o.update(effectiveDateTime="1999-07-02T10:00:00"),
        "Observation.effectiveDateTime: '1999-07-02T10:00:00' is not a FHIR dateTime",
    ),
    (
        "effective time to the month",
        lambda o: o.update(effectiveDateTime="1999-07"),
        (
            "Observation.effectiveDateTime: vs-1 if Observation.effective[x] is dateTime and has a value "
            "then that value shall be precise to the day"
        ),
    ),
    (
        "unknown status",
        lambda o: o.update(status="done"),
        "Observation.status: 'done' is not in http://hl7.org/fhir/ValueSet/observation-status|4.0.1",
    ),
    ("unknown element", lambda o: o.update(colour="red"), "Observation.colour: unknown element"),
    (
        "unknown element in a data type",
        lambda o: o["subject"].update(uuid="1"),
        "Observation.subject.uuid: unknown element",
    ),
    (
        "unknown element in a component",
        lambda o: o["component"][0].update(unit="mmHg"),
        "Observation.component[0].unit: unknown element",
    ),
    (
        "a component that is not an object",
        lambda o: o["component"].append(7),
        "Observation.component[2]: 7 is not a FHIR BackboneElement",
    ),
    (
        "another resource type",
        lambda o: o.update(resourceType="Patient"),
        "resourceType: 'Patient', expected 'Observation'",
    ),
]


@pytest.mark.parametrize("example", [NORMAL, ABSENT], ids=["blood-pressure", "bp-data-absent"])
@pytest.mark.parametrize("profile", [BLOOD_PRESSURE, VITAL_SIGNS], ids=["blood pressure", "vital signs"])
def test_hl7s_own_examples_pass(profile, example):
    assert profile_issues(profile, example) == []


@pytest.mark.parametrize("example", [NORMAL, ABSENT], ids=["blood-pressure", "bp-data-absent"])
def test_the_second_opinion_passes_hl7s_own_examples(example):
    assert fhir_resources_issues(example) == []


@pytest.mark.parametrize(("plant", "issue"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_planted_fault_is_found(plant, issue):
    faulty = copy.deepcopy(NORMAL)
    plant(faulty)
    assert issue in profile_issues(BLOOD_PRESSURE, faulty)


def test_a_component_that_no_slice_names_is_allowed():
    with_pulse = copy.deepcopy(NORMAL)
    with_pulse["component"].append(copy.deepcopy(NORMAL["component"][0]))
    with_pulse["component"][2]["code"]["coding"][0]["code"] = "8867-4"
    assert profile_issues(BLOOD_PRESSURE, with_pulse) == []


def test_a_closed_slicing_allows_no_other_component():
    profile = copy.deepcopy(BLOOD_PRESSURE)
    profile.elements["Observation.component"]["slicing"]["rules"] = "closed"
    extra = copy.deepcopy(NORMAL)
    extra["component"].append({"code": {"text": "mood"}, "valueString": "calm"})
    assert profile_issues(profile, extra) == ["Observation.component[2]: in no slice"]


def test_the_second_opinion_finds_a_missing_status():
    faulty = {name: value for name, value in NORMAL.items() if name != "status"}
    assert fhir_resources_issues(faulty) != []


@pytest.mark.parametrize(
    "rule",
    [
        {"constraint": [{"key": "new-1", "severity": "error", "human": "?", "expression": "?"}]},
        {"binding": {"strength": "required", "valueSet": "http://example.org/ValueSet/unknown"}},
        {"slicing": {"discriminator": [{"type": "profile", "path": "$this"}], "rules": "open"}},
    ],
    ids=["constraint", "binding", "discriminator"],
)
def test_a_profile_with_a_rule_that_cannot_be_checked_is_refused(tmp_path, rule):
    definition = load_json(DATA / "StructureDefinition-us-core-vital-signs.json")
    definition["snapshot"]["element"][0].update(rule)
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(definition, default=str), encoding="utf-8")
    with pytest.raises(ValueError, match="rules that are not checked"):
        load_profile(path)

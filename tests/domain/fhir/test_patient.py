"""A Patient of another system as our fields, and our record as a Patient."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from fhir.resources.R4B.patient import Patient

from app.domain.fhir.patient import PatientFacts, patient_from_fhir, patient_to_fhir
from tests.fhir_server import example

TODAY = date(2026, 3, 1)
OVER, NOW = {"end": "2020"}, {"start": "2020-07-22", "end": "2026-03-01"}


def _fields(**resource: Any) -> dict[str, Any]:
    return dict(patient_from_fhir({"id": "1", **resource}, TODAY).fields)


def test_hl7s_example_is_understood() -> None:
    """The name and address that are in force, not the old ones."""
    assert patient_from_fhir(example(), TODAY).fields == {
        "first_name": "Amy", "last_name": "Baxter", "date_of_birth": "1987-02-20", "gender": "female",
        "mrn": "1032702", "phone": "555-555-5555", "email": "amy.shaw@example.com",
        "address": {"line1": "183 Mountain View St", "city": "Mounds", "state": "OK", "zip": "74048"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([{"use": "usual", "family": "U"}, {"use": "official", "family": "O"}], "O"),
        ([{"family": "N"}, {"use": "usual", "family": "U"}], "U"),
        ([{"use": "official", "family": "O", "period": OVER}, {"family": "N"}], "N"),
        ([{"use": "official", "family": "O", "period": NOW}, {"family": "N"}], "O"),
        ([{"use": "official", "family": "O", "period": {"start": "2026-03-02"}}], None),
        ([{"use": use, "family": "X"} for use in ("old", "nickname", "maiden", "anonymous")], None),
        ([{"use": "official", "text": "Only Text"}, {"use": "temp", "family": "T"}], "T"),
        (None, None), ("Ann", None), ([None, 7, {"family": 7}], None),
    ],
)  # fmt: skip
def test_of_several_names_the_official_one_in_force_is_taken(names: Any, expected: str | None) -> None:
    """Then the usual; never an old one or a nickname."""
    assert _fields(name=names).get("last_name") == expected


@pytest.mark.parametrize(
    ("phones", "expected"),
    [
        ([{"value": "1", "use": "home"}, {"value": "2", "use": "mobile"}], "2"),
        ([{"value": "1", "rank": 2}, {"value": "2", "rank": 1, "use": "work"}], "2"),
        ([{"value": "1", "rank": 1, "period": OVER}, {"value": "2", "use": "work"}], "2"),
        ([{"value": "1", "use": "old"}], None),
        ([{"value": "1", "rank": "first"}], "1"),
    ],
)
def test_of_several_telephones_the_first_in_rank_is_taken(phones: list[dict[str, Any]], expected: str | None) -> None:
    """Then the mobile one."""
    assert _fields(telecom=[{"system": "phone", **phone} for phone in phones]).get("phone") == expected


def test_a_home_address_goes_before_others_and_a_billing_one_is_none() -> None:
    """Further lines are one."""
    home = {"use": "home", "line": ["1 A St", "Apt 2", "Back"], "postalCode": "62701"}
    found = _fields(address=[{"use": "work", "city": "W"}, {"use": "billing", "city": "B"}, home])
    assert found["address"] == {"line1": "1 A St", "line2": "Apt 2, Back", "zip": "62701"}


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [("MR", "http://terminology.hl7.org/CodeSystem/v2-0203", "7"), ("MR", None, "7"), ("MR", "http://x", None),
     ("SS", "http://terminology.hl7.org/CodeSystem/v2-0203", None)],
)  # fmt: skip
def test_only_a_medical_record_number_is_one(code: str, system: str | None, expected: str | None) -> None:
    """A social security number is not."""
    coding = {"code": code} | ({"system": system} if system else {})
    assert _fields(identifier=[{"type": {"coding": [coding]}, "value": "7"}]).get("mrn") == expected


@pytest.mark.parametrize("gender", ["male", "female", "other", "unknown"])
def test_genders_are_the_same_codes(gender: str) -> None:
    """One to one; what is none of them is unknown."""
    assert (_fields(gender=gender)["gender"], _fields(gender="m")["gender"]) == (gender, "unknown")


@pytest.mark.parametrize(
    ("resource", "warnings"),
    [
        ({"deceasedBoolean": True}, ("deceased",)), ({"deceasedBoolean": False}, ()),
        ({"deceasedDateTime": "2022"}, ("deceased",)), ({"active": False}, ("inactive",)), ({"active": True}, ()),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/9"}}]}, ("merged",)),
        ({"link": [{"type": "seealso", "other": {"reference": "Patient/9"}}]}, ()),
    ],
)  # fmt: skip
def test_the_dead_the_merged_and_the_inactive_are_flagged(resource: dict[str, Any], warnings: tuple[str, ...]) -> None:
    """For somebody to look at."""
    assert patient_from_fhir(resource, TODAY).warnings == warnings


def _facts(**changes: Any) -> PatientFacts:
    basics = {
        "id": UUID(int=7), "version": 3, "last_updated": datetime(2026, 1, 2, tzinfo=UTC), "first_name": "Ann",
        "last_name": "Lee", "date_of_birth": date(1958, 3, 15), "gender": "female", "mrn": "A-1",
        "mrn_system": "urn:uuid:1", "active": True, "phone": "+12175550101", "email": "ann@test.example",
        "address": {"line1": "1 A St", "line2": "", "city": "Springfield", "state": "IL", "zip": "62701"},
    }  # fmt: skip
    return PatientFacts(**{**basics, **changes})


@pytest.mark.parametrize("changes", [{}, {"phone": None, "email": None, "address": None}])
def test_our_record_is_a_valid_patient_and_comes_back_as_it_was(changes: dict[str, Any]) -> None:
    """Both ways."""
    facts = _facts(**changes)
    resource = patient_to_fhir(facts)
    Patient.model_validate(resource)
    back = patient_from_fhir(resource, TODAY).fields
    assert (back["first_name"], back["mrn"], back["date_of_birth"]) == ("Ann", "A-1", "1958-03-15")
    assert (back.get("phone"), back.get("email")) == (facts.phone, facts.email)

"""Patients of the medical record system whom we know already, or knew twice."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_user, signed_in
from tests.fhir_server import FhirServer, fhir_server

IMPORT, SEARCH = "/api/v1/patients/ecw/import/", "/api/v1/patients/ecw/search/?name=baxter"
PATIENTS = "/api/v1/patients/"
AMY = {"first_name": "Amy", "last_name": "Baxter", "date_of_birth": date(1987, 2, 20)}
Headers = dict[str, str]


@pytest.fixture
def emr() -> Iterator[FhirServer]:
    """A medical record system."""
    with fhir_server() as server:
        yield server


@pytest.fixture
def person() -> Person:
    """An administrator."""
    return a_user(role=Role.ADMIN)


@pytest.fixture
def admin(client: FlaskClient, emr: FhirServer, person: Person) -> Headers:
    """The same, signed in, with a connected practice."""
    headers = signed_in(client, person)
    client.put("/api/v1/integrations/emr/", json={"base_url": emr.url}, headers=headers)
    return headers


def _take(client: FlaskClient, headers: Headers, **more: Any) -> Any:
    return client.post(IMPORT, json={"external_id": "example", **more}, headers=headers)


def _merge(client: FlaskClient, headers: Headers, survivor: object, duplicate: object) -> None:
    body = {"duplicate_id": str(duplicate), "reason": "Entered twice by mistake"}
    assert client.post(f"{PATIENTS}{survivor}/merge/", json=body, headers=headers).status_code == 200


def test_somebody_who_may_be_known_is_not_created_again(client: FlaskClient, person: Person, admin: Headers) -> None:
    """409 with the candidates; nobody is created."""
    known = a_patient(person.actor, **AMY)
    answer = _take(client, admin)
    assert (answer.status_code, answer.json["code"]) == (409, "possible_duplicate")
    assert [(one["id"], one["why"]) for one in answer.json["candidates"]] == [(str(known.id), ["name_and_birth_date"])]
    assert client.get(PATIENTS, headers=admin).json["count"] == 1


def test_a_preview_shows_who_may_be_the_same(client: FlaskClient, person: Person, admin: Headers) -> None:
    """Before anything is decided."""
    known = a_patient(person.actor, **AMY)
    preview = _take(client, admin, preview=True).json
    assert [one["id"] for one in preview["candidates"]] == [str(known.id)]


def test_the_caller_may_know_that_they_are_two(client: FlaskClient, person: Person, admin: Headers) -> None:
    """201."""
    a_patient(person.actor, **AMY)
    assert _take(client, admin, allow_duplicate=True).status_code == 201


def test_the_patient_of_a_merged_record_is_the_survivor(client: FlaskClient, person: Person, admin: Headers) -> None:
    """In the search, in the preview and when it is taken over; the survivor keeps its numbers."""
    kept = a_patient(person.actor, **AMY, mrn="K-1")
    _merge(client, admin, kept.id, _take(client, admin, allow_duplicate=True).json["patient"]["id"])
    assert client.get(SEARCH, headers=admin).json["results"][0]["patient_id"] == str(kept.id)
    preview = _take(client, admin, preview=True).json
    assert "mrn" not in {change["field"] for change in preview["changes"]}
    taken = _take(client, admin, confirm=preview["confirm"]).json
    assert (taken["status"], taken["patient"]["id"], taken["patient"]["mrn"]) == ("updated", str(kept.id), "K-1")
    assert _take(client, admin).json["status"] == "unchanged"
    assert client.get(PATIENTS, headers=admin).json["count"] == 1


def test_a_merged_record_without_an_external_id_is_found_by_its_number(
    client: FlaskClient, person: Person, admin: Headers
) -> None:
    """Their record number was the duplicate's."""
    kept, gone = a_patient(person.actor, **AMY), a_patient(person.actor, **AMY, mrn="1032702")
    _merge(client, admin, kept.id, gone.id)
    assert _take(client, admin, preview=True).json["patient"]["id"] == str(kept.id)


def test_the_console_asks_whether_it_is_another_person(client: FlaskClient, person: Person, admin: Headers) -> None:
    """409 with the candidates, and after a tick the patient is created."""
    a_patient(person.actor, **AMY)
    browser, page = enter(client, person), "/admin/patients/emr/example"
    confirm = _take(client, admin, preview=True).json["confirm"]
    form = {"csrf_token": token(browser, page), "confirm": confirm}
    refused = browser.post(page, data=form)
    assert (refused.status_code, "It is another person" in refused.text) == (409, True)
    assert browser.post(page, data={**form, "allow_duplicate": "yes"}).status_code == 303

"""The patient record, over HTTP."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient, a_practice, a_user, signed_in

PATIENTS = "/api/v1/patients/"
NEW = {"first_name": "Mary", "last_name": "Major", "date_of_birth": "1950-02-28", "gender": "female"}
FIELDS = {
    "id", "first_name", "last_name", "date_of_birth", "gender", "mrn", "active", "phone", "email", "address",
    "external_id", "created_at", "updated_at",
}  # fmt: skip
RECORD_FIELDS = FIELDS | {
    "timezone", "preferred_language", "ssn_last_four", "emergency_contact", "conditions", "provider_id", "nurse_id",
    "payers", "archived_at", "archive_reason", "merged_into",
}  # fmt: skip


def test_a_created_patient_answers_in_the_documented_shape(client: FlaskClient) -> None:
    """With a record number made for it, and times in UTC with Z."""
    answer = client.post(PATIENTS, json=NEW, headers=signed_in(client, a_user()))
    assert (answer.status_code, answer.json.keys()) == (201, RECORD_FIELDS)
    assert answer.json | NEW | {"mrn": "MRN-00001", "active": True} == answer.json
    assert answer.json["created_at"].endswith("Z")


def test_contact_data_is_normalised(client: FlaskClient) -> None:
    """E.164, upper-case state, hyphened zip."""
    address = {"line1": "1 Main St", "city": "Dayton", "state": "oh", "zip": "454021234"}
    body = {**NEW, "phone": "(217) 555-0101", "address": address}
    answer = client.post(PATIENTS, json=body, headers=signed_in(client, a_user()))
    assert answer.json["phone"] == "+12175550101"
    assert answer.json["address"] == {**address, "line2": "", "state": "OH", "zip": "45402-1234"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("first_name", ""), ("first_name", "   "), ("first_name", None), ("first_name", 7), ("first_name", "a\x00b"),
        ("first_name", "x" * 101), ("date_of_birth", "2999-01-01"), ("date_of_birth", "1958-02-30"),
        ("date_of_birth", "15.3.1958"), ("gender", "f"), ("phone", "12"), ("email", "x"), ("timezone", "Mars/Base"),
        ("address", {"state": "ZZ"}), ("address", {"zip": "1"}), ("address", "Main St"), ("practice_id", "x"),
        ("id", "01a20af7-12e9-75e1-871a-7b93c0957d97"), ("active", False), ("created_at", "2020-01-01T00:00:00Z"),
    ],
)  # fmt: skip
def test_a_bad_or_unknown_field_is_refused_by_name(client: FlaskClient, field: str, value: object) -> None:
    """400 with the field, and nothing stored."""
    headers = signed_in(client, a_user())
    answer = client.post(PATIENTS, json={**NEW, field: value}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "validation_error")
    assert [name for name in answer.json["field_errors"] if name.split(".")[0] == field]
    assert client.get(PATIENTS, headers=headers).json["count"] == 0


def test_a_record_number_is_unique_in_its_practice_only(client: FlaskClient) -> None:
    """Written with or without its hyphen."""
    here, there = signed_in(client, a_user()), signed_in(client, a_user())
    statuses = [
        client.post(PATIENTS, json={**NEW, "mrn": mrn, "allow_duplicate": True}, headers=headers).status_code
        for mrn, headers in (("AB-1", here), ("ab1", here), ("AB-1", there))
    ]
    assert statuses == [201, 409, 201]


def test_made_numbers_skip_those_that_are_taken(client: FlaskClient) -> None:
    """MRN-00001 was given by hand."""
    headers = signed_in(client, a_user())
    client.post(PATIENTS, json={**NEW, "mrn": "MRN-00001"}, headers=headers)
    another = {**NEW, "first_name": "Martha"}
    assert client.post(PATIENTS, json=another, headers=headers).json["mrn"] == "MRN-00002"


def test_the_list_pages_with_links_that_keep_the_query(client: FlaskClient) -> None:
    """And the last page says null."""
    doctor = a_user()
    for number in range(3):
        a_patient(doctor.actor, last_name=f"Example{number}")
    headers = signed_in(client, doctor)
    first = client.get(f"{PATIENTS}?page_size=2&ordering=-last_name", headers=headers).json
    second = client.get(first["next"], headers=headers).json
    assert [item["last_name"] for item in first["results"] + second["results"]] == ["Example2", "Example1", "Example0"]
    assert (first["count"], first["previous"], second["next"]) == (3, None, None)
    assert second["previous"].endswith("/api/v1/patients/?page_size=2&ordering=-last_name&page=1")


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=100000000000000000000", "page=1.5", "page=%00", "page_size=0", "page_size=101",
     "ordering=mrn", "active=maybe", "nonsense=1", "page=1&page=2", "search=%00"],
)  # fmt: skip
def test_s42_a_senseless_query_is_refused(client: FlaskClient, query: str) -> None:
    """By the name of its parameter."""
    answer = client.get(f"{PATIENTS}?{query}", headers=signed_in(client, a_user()))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [query.split("=", maxsplit=1)[0]])


def test_search_finds_encrypted_names_and_numbers(client: FlaskClient) -> None:
    """Part of a name, the end of a number, two words."""
    doctor = a_user()
    for first, last in (("Jane", "Doe"), ("John", "Smith"), ("Janet", "Smithers")):
        a_patient(doctor.actor, first_name=first, last_name=last)
    headers = signed_in(client, doctor)

    def found(query: str) -> list[str]:
        page = client.get(PATIENTS, query_string={"search": query, "ordering": "last_name"}, headers=headers).json
        return [item["first_name"] for item in page["results"]]

    assert found("smith") == ["John", "Janet"]
    assert (found("jan smith"), found("00001"), found("mithe"), found("zzz")) == (["Janet"], ["Jane"], ["Janet"], [])


def test_a_change_of_name_changes_what_finds_it(client: FlaskClient) -> None:
    """The old name no longer does."""
    doctor = a_user()
    patient = a_patient(doctor.actor, last_name="Before")
    headers = signed_in(client, doctor)
    client.patch(f"{PATIENTS}{patient.id}/", json={"last_name": "After"}, headers=headers)
    counts = [client.get(f"{PATIENTS}?search={name}", headers=headers).json["count"] for name in ("before", "after")]
    assert counts == [0, 1]


def test_the_kept_order_by_name_follows_every_change(client: FlaskClient) -> None:
    """A new patient, a new name, an archived one."""
    doctor = a_user()
    ids = [a_patient(doctor.actor, last_name=name).id for name in ("Bravo", "Delta")]
    headers = signed_in(client, doctor)

    def names() -> list[str]:
        page = client.get(f"{PATIENTS}?ordering=last_name", headers=headers).json
        return [item["last_name"] for item in page["results"]]

    seen = [names()]
    a_patient(doctor.actor, last_name="Charlie")
    seen.append(names())
    client.patch(f"{PATIENTS}{ids[1]}/", json={"last_name": "Alpha"}, headers=headers)
    seen.append(names())
    client.post(f"{PATIENTS}{ids[0]}/archive/", headers=headers)
    seen.append(names())
    assert seen == [
        ["Bravo", "Delta"],
        ["Bravo", "Charlie", "Delta"],
        ["Alpha", "Bravo", "Charlie"],
        ["Alpha", "Charlie"],
    ]


def test_a_stale_version_is_refused_and_a_current_one_saves_a_body(client: FlaskClient) -> None:
    """412 and 304."""
    doctor = a_user()
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    headers = signed_in(client, doctor)
    tag = client.get(url, headers=headers).headers["ETag"]
    changed = client.patch(url, json={"first_name": "New"}, headers={**headers, "If-Match": tag})
    stale = client.patch(url, json={"first_name": "Newer"}, headers={**headers, "If-Match": tag})
    assert (changed.status_code, stale.status_code, stale.json["code"]) == (200, 412, "precondition_failed")
    fresh = client.get(url, headers={**headers, "If-None-Match": changed.headers["ETag"]})
    assert (fresh.status_code, fresh.data) == (304, b"")


@pytest.mark.parametrize(
    ("match", "status"),
    [("*", 200), ('"1"', 200), ('W/"1"', 200), ("1", 200), ('"1.5"', 200), ('"2"', 412), ("2", 412),
     ("one", 400), ('"1", "2"', 400), ('"-1"', 400), ("", 400)],
)  # fmt: skip
def test_a_version_may_be_named_in_several_ways(client: FlaskClient, match: str, status: int) -> None:
    """If-Match."""
    doctor = a_user()
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    headers = {**signed_in(client, doctor), "If-Match": match}
    assert client.patch(url, json={"first_name": "New"}, headers=headers).status_code == status


def test_an_archived_patient_leaves_the_list_and_comes_back(client: FlaskClient) -> None:
    """Nothing is destroyed."""
    doctor = a_user()
    url = f"{PATIENTS}{a_patient(doctor.actor).id}/"
    headers = signed_in(client, doctor)
    archived = client.post(f"{url}archive/", json={"reason": "moved away"}, headers=headers)
    assert (archived.status_code, archived.json["active"]) == (200, False)
    assert client.get(PATIENTS, headers=headers).json["count"] == 0
    assert client.get(f"{PATIENTS}?active=false", headers=headers).json["count"] == 1
    assert client.post(f"{url}unarchive/", headers=headers).json["active"] is True


def test_a_patient_user_sees_nobody_but_themselves(client: FlaskClient) -> None:
    """In the list and by id."""
    practice = a_practice()
    nurse = a_user(practice, Role.NURSE)
    own, other = a_patient(nurse.actor), a_patient(nurse.actor)
    headers = signed_in(client, a_user(practice, Role.PATIENT, patient_id=own.id))
    listed = client.get(PATIENTS, headers=headers).json
    assert [item["id"] for item in listed["results"]] == [str(own.id)]
    assert client.get(f"{PATIENTS}{other.id}/", headers=headers).status_code == 404


@pytest.mark.parametrize(("role", "status"), [(Role.DATA_MONITOR, 403), (Role.BILLING_MANAGER, 403), (Role.MA, 201)])
def test_who_may_write_records(client: FlaskClient, role: Role, status: int) -> None:
    """As the role table says."""
    assert client.post(PATIENTS, json=NEW, headers=signed_in(client, a_user(role=role))).status_code == status

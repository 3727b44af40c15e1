"""A person is not given a second record by mistake."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from deploy.local_postgres import LocalPostgres
from tests.api.test_patients import NEW, PATIENTS
from tests.builders import a_user, signed_in

OTHER = {"first_name": "Otto", "last_name": "Other", "date_of_birth": "1970-01-01", "gender": "male"}
KNOWN = {**NEW, "phone": "2175550101", "ssn": "123-45-6789"}


@pytest.mark.parametrize(
    ("alike", "why"),
    [
        ({**NEW, "first_name": "MÁRY ", "last_name": "ma-jor"}, ["name_and_birth_date"]),
        ({**OTHER, "phone": "+1 (217) 555-0101"}, ["phone"]),
        ({**OTHER, "ssn": "123456789"}, ["ssn"]),
        (KNOWN, ["name_and_birth_date", "phone", "ssn"]),
    ],
)
def test_a_record_that_looks_like_another_is_refused_with_the_candidates(
    client: FlaskClient, alike: dict[str, Any], why: list[str]
) -> None:
    """Beside the envelope: who, and why."""
    headers = signed_in(client, a_user())
    known = client.post(PATIENTS, json=KNOWN, headers=headers).json
    answer = client.post(PATIENTS, json=alike, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "possible_duplicate")
    assert answer.json["candidates"] == [
        {"id": known["id"], "name": "Mary Major", "date_of_birth": "1950-02-28", "mrn": "MRN-00001", "active": True,
         "why": why}
    ]  # fmt: skip
    assert client.get(PATIENTS, headers=headers).json["count"] == 1


@pytest.mark.parametrize("change", [{"date_of_birth": "1950-03-01"}, {"first_name": "Martha"}, {"last_name": "Minor"}])
def test_another_person_is_taken_in(client: FlaskClient, change: dict[str, str]) -> None:
    """One difference in name or birth date is enough."""
    headers = signed_in(client, a_user())
    client.post(PATIENTS, json=KNOWN, headers=headers)
    assert client.post(PATIENTS, json={**NEW, **change}, headers=headers).status_code == 201


def test_the_caller_may_know_better(client: FlaskClient) -> None:
    """Twins on one phone."""
    headers = signed_in(client, a_user())
    client.post(PATIENTS, json=KNOWN, headers=headers)
    assert client.post(PATIENTS, json={**KNOWN, "allow_duplicate": True}, headers=headers).status_code == 201


def test_a_renamed_patient_is_found_under_the_new_name(client: FlaskClient) -> None:
    """The keyed index follows the name."""
    headers = signed_in(client, a_user())
    known = client.post(PATIENTS, json=OTHER, headers=headers).json
    client.patch(f"{PATIENTS}{known['id']}/", json={"last_name": "Major", "first_name": "Mary"}, headers=headers)
    same = {**NEW, "date_of_birth": "1970-01-01"}
    assert client.post(PATIENTS, json=same, headers=headers).json["code"] == "possible_duplicate"
    assert client.post(PATIENTS, json=OTHER, headers=headers).status_code == 201


def test_another_practices_patient_is_no_candidate(client: FlaskClient) -> None:
    """Nothing looks past the wall."""
    client.post(PATIENTS, json=KNOWN, headers=signed_in(client, a_user()))
    assert client.post(PATIENTS, json=KNOWN, headers=signed_in(client, a_user())).status_code == 201


def test_showing_candidates_leaves_a_trace_though_nothing_was_created(
    client: FlaskClient, postgres: LocalPostgres
) -> None:
    """Also when the request carried an Idempotency-Key, whose transaction is rolled back."""
    headers = signed_in(client, a_user())
    known = client.post(PATIENTS, json=KNOWN, headers=headers).json
    client.post(PATIENTS, json=KNOWN, headers={**headers, "Idempotency-Key": "once"})
    shown = f"action = 'patient:possible_duplicate' AND subject_ids = ARRAY['{known['id']}']::uuid[]"
    assert postgres.query(f"SELECT count(*) FROM audit_events WHERE {shown}").strip() == "1"


def test_records_of_an_older_release_are_indexed_once(app: Flask, client: FlaskClient, postgres: LocalPostgres) -> None:
    """Afterwards they are found; a second run finds nothing to do."""
    headers = signed_in(client, a_user())
    known = client.post(PATIENTS, json=NEW, headers=headers).json
    postgres.query(f"UPDATE patients SET person_index = NULL WHERE id = '{known['id']}'")
    command = app.test_cli_runner().invoke
    assert [command(args=["index-people"]).output for _ in range(2)] == [
        "1 records indexed.\n",
        "0 records indexed.\n",
    ]
    assert client.post(PATIENTS, json=NEW, headers=headers).json["code"] == "possible_duplicate"


def test_two_requests_at_once_make_one_record(app: Flask, client: FlaskClient) -> None:
    """Even with record numbers of their own, which nothing else would serialise."""
    headers = signed_in(client, a_user())

    def create(number: int) -> int:
        body = {**KNOWN, "mrn": f"X-{number}"}
        return app.test_client().post(PATIENTS, json=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(create, range(8)))
    assert statuses == [201, *[409] * 7]

"""Notes: written once, corrected by new ones."""

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from deploy.local_postgres import LocalPostgres
from deploy.postgres_programs import LocalPostgresError
from tests.builders import a_patient, a_practice, a_user, signed_in


def _url(patient_id: object) -> str:
    return f"/api/v1/patients/{patient_id}/notes/"


def test_a_note_has_its_author_and_time(client: FlaskClient) -> None:
    """And is listed newest first."""
    nurse = a_user(role=Role.NURSE)
    url, headers = _url(a_patient(nurse.actor).id), signed_in(client, nurse)
    first = client.post(url, json={"body": "Called, no answer."}, headers=headers)
    second = client.post(url, json={"body": "Called, feels well."}, headers=headers)
    assert (first.status_code, first.json["author_name"], first.json["corrects"]) == (201, "Pat Tester", None)
    assert client.get(url, headers=headers).json["results"] == [second.json, first.json]


def test_a_correction_leaves_the_mistake_standing(client: FlaskClient) -> None:
    """Each names the other."""
    nurse = a_user(role=Role.NURSE)
    url, headers = _url(a_patient(nurse.actor).id), signed_in(client, nurse)
    wrong = client.post(url, json={"body": "Takes 50 mg."}, headers=headers).json
    right = client.post(url, json={"body": "Takes 5 mg.", "corrects": wrong["id"]}, headers=headers).json
    listed = {note["id"]: note for note in client.get(url, headers=headers).json["results"]}
    assert (listed[wrong["id"]]["corrected_by"], right["corrects"]) == (right["id"], wrong["id"])
    again = client.post(url, json={"body": "No.", "corrects": wrong["id"]}, headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "conflict")


def test_a_note_of_another_patient_cannot_be_corrected_here(client: FlaskClient) -> None:
    """400 by name."""
    nurse = a_user(role=Role.NURSE)
    here, there = (_url(a_patient(nurse.actor).id) for _ in range(2))
    headers = signed_in(client, nurse)
    note = client.post(there, json={"body": "x"}, headers=headers).json
    answer = client.post(here, json={"body": "y", "corrects": note["id"]}, headers=headers)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["corrects"])


def test_another_practices_patient_has_no_notes_here(client: FlaskClient) -> None:
    """404, to read and to write."""
    url, headers = _url(a_patient(a_user().actor).id), signed_in(client, a_user())
    assert client.get(url, headers=headers).status_code == 404
    assert client.post(url, json={"body": "x"}, headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [(Role.MA, 200, 201), (Role.ADMIN, 200, 403), (Role.DATA_MONITOR, 200, 403), (Role.BILLING_MANAGER, 403, 403)],
)
def test_who_reads_and_writes_notes(client: FlaskClient, role: Role, reads: int, writes: int) -> None:
    """As the role table says."""
    practice = a_practice()
    url, headers = _url(a_patient(a_user(practice).actor).id), signed_in(client, a_user(practice, role))
    assert client.get(url, headers=headers).status_code == reads
    assert client.post(url, json={"body": "x"}, headers=headers).status_code == writes


@pytest.mark.parametrize("column", ["author_id = 1", "corrects_id = id", "created_at = now()"])
def test_the_application_cannot_rewrite_a_note(client: FlaskClient, postgres: LocalPostgres, column: str) -> None:
    """The database refuses, whatever the code does."""
    with pytest.raises(LocalPostgresError, match="permission denied"):
        postgres.query(f"SET ROLE vantrexia_app; UPDATE patient_notes SET {column}")

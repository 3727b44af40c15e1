"""A value that was moved or altered in the database does not open; it is reported, and hides nothing else."""

from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.services.keys import integrity
from deploy.local_postgres import LocalPostgres
from tests.admin.visits import enter
from tests.builders import Person, a_patient, a_reading, a_user, signed_in

TAMPERINGS = {
    "another column": "last_name_enc",
    "another row": "(SELECT first_name_enc FROM patients WHERE id = '{near}')",
    "another practice": "(SELECT first_name_enc FROM patients WHERE id = '{far}')",
    "a flipped bit": "set_byte(first_name_enc, 20, get_byte(first_name_enc, 20) # 1)",
    "another key's number": "set_byte(first_name_enc, 4, 77)",
    "rubbish": "'\\x00'",
}


@pytest.fixture(autouse=True)
def _nothing_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity, "_met", set())


@pytest.fixture
def doctor() -> Person:
    """A provider of a practice of their own."""
    return a_user()


def _damage(postgres: LocalPostgres, doctor: Person, tampering: str = "a flipped bit") -> tuple[UUID, UUID]:
    """Damage the first name of one patient of the doctor's two; return the damaged one and the other."""
    one, near = (a_patient(doctor.actor, first_name=name, last_name=name) for name in ("Broken", "Whole"))
    far = a_patient(a_user().actor)
    value = TAMPERINGS[tampering].format(near=near.id, far=far.id)
    postgres.query(f"UPDATE patients SET first_name_enc = {value} WHERE id = '{one.id}'")
    return one.id, near.id


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_s59_a_record_with_a_moved_or_altered_value_is_a_conflict(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person, tampering: str
) -> None:
    """Not a crash, and nothing of it is shown."""
    damaged, _ = _damage(postgres, doctor, tampering)
    answer = client.get(f"/api/v1/patients/{damaged}/", headers=signed_in(client, doctor))
    assert (answer.status_code, answer.json["code"]) == (409, "integrity_error")


@pytest.mark.parametrize("query", ["", "?ordering=last_name", "?search=bro"])
def test_s59_a_list_shows_the_others_and_a_mark(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person, query: str
) -> None:
    """Only the damaged value is missing."""
    _damage(postgres, doctor)
    answer = client.get(f"/api/v1/patients/{query}", headers=signed_in(client, doctor))
    names = {patient["last_name"]: patient["first_name"] for patient in answer.json["results"]}
    expected = {"Broken": "[unreadable]", "Whole": "Whole"}
    assert answer.status_code == 200
    assert names == {name: mark for name, mark in expected.items() if name == "Broken" or "search" not in query}


def test_s59_damage_is_audited_by_table_column_and_row(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person
) -> None:
    """One event a place, naming the patient, however often the list met it."""
    damaged, _ = _damage(postgres, doctor)
    client.get("/api/v1/patients/?ordering=last_name", headers=signed_in(client, doctor))
    events = postgres.query(
        "SELECT resource_type, fields, resource_id, patient_id, outcome, user_id FROM audit_events"
        f" WHERE action = 'integrity_error' AND practice_id = '{doctor.actor.practice_id}'"
    )
    assert events == f"patients|{{first_name}}|{damaged}|{damaged}|failed|{doctor.actor.user_id}"


def test_s59_the_board_and_the_console_show_the_others(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person
) -> None:
    """A nurse must find the other patients."""
    for patient_id in _damage(postgres, doctor):
        a_reading(doctor.actor, patient_id)
    board = client.get("/api/v1/triage/patients/", headers=signed_in(client, doctor))
    console = enter(client, doctor)
    pages = [console.get(f"/admin/{page}") for page in ("patients", "")]
    assert {line["patient_name"] for line in board.json["results"]} == {"[unreadable] Broken", "Whole Whole"}
    assert [page.status_code for page in pages] == [200, 200]
    assert all("[unreadable]" in page.text and "Whole" in page.text for page in pages)


def test_s59_a_damaged_birthday_is_no_error_page(client: FlaskClient, postgres: LocalPostgres, doctor: Person) -> None:
    """There is no mark that is a date: null in a list, a word in the console."""
    patient = a_patient(doctor.actor)
    postgres.query(f"UPDATE patients SET date_of_birth_enc = mrn_enc WHERE id = '{patient.id}'")
    listed = client.get("/api/v1/patients/", headers=signed_in(client, doctor))
    page = enter(client, doctor).get(f"/admin/patients/{patient.id}")
    assert listed.json["results"][0]["date_of_birth"] is None
    assert (page.status_code, "[unreadable]" in page.text) == (200, True)


def test_a_damaged_value_is_repaired_by_writing_it_anew(
    client: FlaskClient, postgres: LocalPostgres, doctor: Person
) -> None:
    """Nobody can read it, but somebody may know it."""
    damaged, _ = _damage(postgres, doctor)
    url, headers = f"/api/v1/patients/{damaged}/", signed_in(client, doctor)
    assert client.patch(url, json={"first_name": "Mended"}, headers=headers).status_code == 200
    assert client.get(url, headers=headers).json["first_name"] == "Mended"


def test_the_health_report_counts_damaged_places(client: FlaskClient, postgres: LocalPostgres, doctor: Person) -> None:
    """Twice the same place is one place, and the service stays ready."""
    _damage(postgres, doctor)
    for _ in range(2):
        client.get("/api/v1/patients/", headers=signed_in(client, doctor))
    part = client.get("/health/").json["parts"]["integrity"]
    assert (part["status"], part["count"]) == ("degraded", 1)
    assert client.get("/health/ready").status_code == 200

"""Patients from files: dry run, work, errors, duplicates, cancelling, limits."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from app.web.uploads import MAX_FILE
from tests.builders import a_patient, a_user, signed_in
from tests.imports import ANN, BOB, HEADER, counts, done, outcome, people, send
from tests.jobs import work

IMPORTS = "/api/v1/patients/imports/"
Headers = dict[str, str]


@pytest.fixture
def nurse(client: FlaskClient) -> Headers:
    """Somebody who may import, in a practice without patients."""
    return signed_in(client, a_user(role=Role.NURSE))


def test_a_dry_run_says_what_would_happen_and_writes_nothing(client: FlaskClient, nurse: Headers) -> None:
    """200, the first rows as they were read."""
    answer = send(client, nurse, HEADER + ANN + BOB, "dry_run=true")
    assert (answer.status_code, answer.json["state"], counts(answer.json)) == (200, "checked", (2, 0, 0, 0, 0))
    assert answer.json["preview"][1] == {
        "row": 3, "errors": [],
        "fields": {"first_name": "Bob", "last_name": "Ray", "date_of_birth": "1961-03-04", "gender": "male",
                   "mrn": "B-2"},
    }  # fmt: skip
    assert people(client, nurse) == []


def test_a_dry_run_names_row_column_and_problem_of_each_error(client: FlaskClient, nurse: Headers) -> None:
    """Rows as a spreadsheet numbers them, columns by our names, no values."""
    wrong = "Eve,,31/12/1960,?,E-1,12,1\n"
    errors = send(client, nurse, HEADER + ANN + "\n" + wrong, "dry_run=true").json["errors"]
    assert {(error["row"], error["column"]) for error in errors} == {
        (4, name) for name in ("last_name", "date_of_birth", "gender", "phone", "zip")
    }
    assert all("31/12" not in error["message"] for error in errors)


def test_a_checked_file_is_started_without_sending_it_again(client: FlaskClient, nurse: Headers) -> None:
    """The same import goes on."""
    checked = send(client, nurse, HEADER + ANN + BOB, "dry_run=true").json
    started = client.post(f"{IMPORTS}{checked['id']}/start/", headers=nurse)
    assert (started.status_code, started.json["state"], started.json["percent"]) == (202, "queued", 0)
    report = _worked(client, nurse, checked["id"])
    assert (report["state"], report["percent"], counts(report)) == ("done", 100, (2, 0, 0, 0, 0))
    assert people(client, nurse) == [("Ann", "A-1", "1958-03-15"), ("Bob", "B-2", "1961-03-04")]


def test_an_import_cannot_be_started_twice(client: FlaskClient, nurse: Headers) -> None:
    """409."""
    checked = send(client, nurse, HEADER + ANN, "dry_run=true").json
    client.post(f"{IMPORTS}{checked['id']}/start/", headers=nurse)
    assert client.post(f"{IMPORTS}{checked['id']}/start/", headers=nurse).status_code == 409


def test_wrong_rows_are_left_out_and_reported(client: FlaskClient, nurse: Headers) -> None:
    """`skip` is the default."""
    report = done(client, nurse, HEADER + ANN + "Eve,,1960-01-01,F,,,\n" + BOB)
    assert (report["state"], counts(report), report["error_count"]) == ("done", (2, 0, 0, 0, 1), 1)
    answer = client.get(f"{IMPORTS}{report['id']}/errors/", headers=nurse)
    assert answer.text.splitlines() == ["row,column,message", "3,last_name,Missing data for required field."]


def test_all_or_nothing_imports_nothing_when_a_row_is_wrong(client: FlaskClient, nurse: Headers) -> None:
    """The errors are there all the same."""
    report = done(client, nurse, HEADER + ANN + "Eve,,1960-01-01,F,,,\n", "on_error=abort")
    assert (report["state"], counts(report), report["error_count"]) == ("failed", (0, 0, 0, 0, 1), 1)
    assert people(client, nurse) == []


def test_all_or_nothing_imports_all_when_every_row_is_right(client: FlaskClient, nurse: Headers) -> None:
    """In one transaction, numbers made where there are none."""
    nobody = "Eve,Poe,1960-01-01,F,,,\n"
    report = done(client, nurse, HEADER + ANN + nobody + BOB, "on_error=abort")
    assert (report["state"], counts(report)) == ("done", (3, 0, 0, 0, 0))
    assert [mrn for _, mrn, _ in people(client, nurse)] == ["A-1", "MRN-00001", "B-2"]


@pytest.mark.parametrize(
    ("on_existing", "expected"),
    [("error", (0, 0, 0, 0, 2)), ("skip", (0, 0, 0, 2, 0)), ("update", (0, 1, 1, 0, 0))],
)
def test_patients_who_exist_are_an_error_or_skipped_or_updated(
    client: FlaskClient, nurse: Headers, on_existing: str, expected: tuple[int, ...]
) -> None:
    """By record number, however it is punctuated; the same values are no update."""
    done(client, nurse, HEADER + ANN + BOB)
    moved = ANN.replace("62701", "62702").replace("A-1", "a1")
    assert counts(done(client, nurse, HEADER + moved + BOB, f"on_existing={on_existing}")) == expected


def test_an_update_leaves_alone_what_the_file_leaves_blank(client: FlaskClient, nurse: Headers) -> None:
    """And the patient is found under the new name."""
    done(client, nurse, HEADER + ANN)
    done(client, nurse, HEADER + "Anna,Lee,1958-03-15,F,A-1,,\n", "on_existing=update")
    found = client.get("/api/v1/patients/?search=anna", headers=nurse).json["results"]
    assert [(one["first_name"], one["phone"], one["address"]["zip"]) for one in found] == [
        ("Anna", "+12175550101", "62701")
    ]


def test_a_number_that_stands_twice_in_a_file_is_an_error(client: FlaskClient, nurse: Headers) -> None:
    """Of the second row."""
    report = done(client, nurse, HEADER + ANN + BOB.replace("B-2", "A1"))
    assert [(error["row"], error["column"]) for error in report["errors"]] == [(3, "mrn")]


def test_an_imported_patient_is_found_is_on_the_board_and_in_the_trail(client: FlaskClient) -> None:
    """As one created by hand."""
    doctor = signed_in(client, a_user())
    done(client, doctor, HEADER + ANN)
    found = client.get("/api/v1/patients/?search=le", headers=doctor).json["results"]
    board = client.get("/api/v1/triage/patients/", headers=doctor).json["results"]
    assert [one["mrn"] for one in found] == [one["mrn"] for one in board] == ["A-1"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf-8 with a mark", ("\ufeff" + HEADER + ANN).encode()),
        ("utf-16", (HEADER + ANN).encode("utf-16")),
        ("semicolons", (HEADER + ANN).replace(",", ";").encode()),
        ("tabs", (HEADER + ANN).replace(",", "\t").encode()),
        ("carriage returns", (HEADER + ANN).replace("\n", "\r\n").encode()),
        ("quoted newline", (HEADER + ANN.replace("Ann", '"An\nn"')).encode()),
    ],
)
def test_files_of_many_programs_are_understood(client: FlaskClient, nurse: Headers, name: str, content: bytes) -> None:
    """Encodings, delimiters, line ends."""
    assert counts(send(client, nurse, content, "dry_run=true").json) == (1, 0, 0, 0, 0), name


def test_a_mapping_names_columns_that_the_headers_do_not(client: FlaskClient, nurse: Headers) -> None:
    """What is not mapped is said."""
    file = "Vorname,Last name,DOB,Sex,Favourite colour\nAnn,Lee,1958-03-15,F,red\n"
    assert send(client, nurse, file).json["field_errors"] == {
        "file": ["Row 1: No column for first_name. Rename a header, or give a mapping."]
    }
    answer = send(client, nurse, file, 'dry_run=true&mapping={"Vorname":"first_name"}').json
    assert (answer["mapping"]["Vorname"], answer["ignored_columns"]) == ("first_name", ["Favourite colour"])


def test_a_checked_file_is_checked_again_with_other_options(client: FlaskClient, nurse: Headers) -> None:
    """Errors are those of the last check."""
    done(client, nurse, HEADER + ANN)
    checked = send(client, nurse, HEADER + ANN, "dry_run=true").json
    again = client.post(f"{IMPORTS}{checked['id']}/check/", json={"on_existing": "update"}, headers=nurse).json
    assert (checked["error_count"], again["error_count"], again["on_existing"]) == (1, 0, "update")


def test_a_cancelled_import_imports_nothing_more(client: FlaskClient, nurse: Headers) -> None:
    """And cannot be cancelled twice."""
    queued = send(client, nurse, HEADER + ANN).json
    cancel = f"{IMPORTS}{queued['id']}/cancel/"
    answers = [client.post(cancel, headers=nurse).status_code for _ in range(2)]
    report = _worked(client, nurse, queued["id"])
    assert (answers, report["state"], people(client, nurse)) == ([200, 409], "cancelled", [])


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("", "Row 1: The file begins with an empty line: the first row must name the columns."),
        (HEADER, "Row 1: The file has no rows under its header."),
        (HEADER + 'Ann,"Lee\n', "Row 2: The quotation marks do not match."),
        (
            HEADER.encode() + b"\xff\xff,a,b,c,d,e,f\n",
            "Row 1: The file is not UTF-8: save it as “CSV UTF-8” and try again.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(
    client: FlaskClient, nurse: Headers, file: Any, problem: str
) -> None:
    """400, and nothing is kept of it."""
    answer = send(client, nurse, file)
    assert (answer.status_code, answer.json["field_errors"]) == (400, {"file": [problem]})
    assert client.get(IMPORTS, headers=nurse).json["count"] == 0


def test_a_file_may_be_larger_than_other_bodies_but_not_without_end(client: FlaskClient, nurse: Headers) -> None:
    """2 MB are taken, 20 MB and a byte are not; elsewhere 1 MiB stays the limit."""
    wide = HEADER + ANN.replace("Ann", "A" * 9000) * 240
    assert send(client, nurse, wide, "dry_run=true").status_code == 200
    assert send(client, nurse, b"x" * (MAX_FILE + 1)).status_code == 413
    assert client.post("/api/v1/patients/", data=b"x" * (1024 * 1024 + 1), headers=nurse).status_code == 413


def test_another_content_type_is_415(client: FlaskClient, nurse: Headers) -> None:
    """JSON too."""
    answer = client.post("/api/v1/patients/import/", json={}, headers=nurse)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_the_same_key_takes_a_file_in_once(client: FlaskClient, nurse: Headers) -> None:
    """A retried upload is one import."""
    answers = [send(client, nurse, HEADER + ANN, **{"Idempotency-Key": "one"}) for _ in range(2)]
    assert answers[0].json["id"] == answers[1].json["id"]
    assert client.get(IMPORTS, headers=nurse).json["count"] == 1


@pytest.mark.parametrize("role", [Role.DATA_MONITOR, Role.BILLING_MANAGER])
def test_who_may_not_write_patients_may_not_import_them(client: FlaskClient, role: Role) -> None:
    """403."""
    assert send(client, signed_in(client, a_user(role=role)), HEADER + ANN).status_code == 403


def test_s25_an_import_of_another_practice_is_not_there(client: FlaskClient, nurse: Headers) -> None:
    """404 for reading, starting, cancelling and its errors."""
    theirs = send(client, nurse, HEADER + ANN, "dry_run=true").json["id"]
    other = signed_in(client, a_user())
    answers = [client.get(f"{IMPORTS}{theirs}/{part}", headers=other).status_code for part in ("", "errors/")]
    answers += [client.post(f"{IMPORTS}{theirs}/{part}/", headers=other).status_code for part in ("start", "cancel")]
    assert answers == [404] * 4


def test_an_external_id_finds_a_patient_without_a_number(client: FlaskClient) -> None:
    """With another number it is an error rather than a second patient."""
    person = a_user()
    a_patient(person.actor, mrn="A-1", external_id="emr-1")
    headers = signed_in(client, person)
    file = "first,last,dob,sex,mrn,external id\nAnn,Example,1960-05-04,F,,emr-1\nAnn,Example,1960-05-04,F,Z-9,emr-1\n"
    report = done(client, headers, file, "on_existing=skip")
    assert (counts(report), report["errors"][0]["column"]) == ((0, 0, 0, 1, 1), "external_id")


def _worked(client: FlaskClient, headers: Headers, import_id: str) -> dict[str, Any]:
    work()
    return outcome(client, headers, import_id)

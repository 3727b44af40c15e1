"""People in files who have no number, or a new one, and are known all the same."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.builders import a_patient, a_user, signed_in
from tests.imports import counts, done, people, send

HEADER = "first,last,dob,sex,mrn,phone,external id,ssn,city\n"
ANN = "Ann,Lee,1958-03-15,F,,217-555-0101,,,Springfield\n"
BOB = "Bob,Ray,1961-03-04,M,,,,123-45-6789,\n"
Headers = dict[str, str]


@pytest.fixture
def nurse(client: FlaskClient) -> Headers:
    """Somebody who may import, in a practice without patients."""
    return signed_in(client, a_user(role=Role.NURSE))


@pytest.mark.parametrize(
    ("on_existing", "expected"),
    [("error", (0, 0, 0, 0, 2)), ("skip", (0, 0, 0, 2, 0)), ("update", (0, 0, 2, 0, 0))],
)
@pytest.mark.parametrize("on_error", ["skip", "abort"])
def test_the_same_file_twice_creates_nobody_twice(
    client: FlaskClient, nurse: Headers, on_error: str, on_existing: str, expected: tuple[int, ...]
) -> None:
    """The dry run says so, and so it is, whatever is done with wrong rows."""
    done(client, nurse, HEADER + ANN + BOB)
    query = f"on_existing={on_existing}&on_error={on_error}"
    dry = send(client, nurse, HEADER + ANN + BOB, f"dry_run=true&{query}").json
    report = done(client, nurse, HEADER + ANN + BOB, query)
    assert counts(dry) == counts(report) == expected
    assert dry["possible_duplicates"] == report["possible_duplicates"] == 2
    assert len(people(client, nurse)) == 2


@pytest.mark.parametrize(
    ("row", "column", "what"),
    [
        ("ANN,L-ee,3/15/1958,F,,,,,\n", None, "name and birth date"),
        ("Eve,Poe,1960-01-01,F,E-9,(217) 555-0101,,,\n", "phone", "phone"),
        ("Eve,Poe,1960-01-01,F,,,,123456789,\n", "ssn", "Social Security number"),
    ],
)
def test_a_row_that_looks_like_somebody_is_an_error_that_says_why(
    client: FlaskClient, nurse: Headers, row: str, column: str | None, what: str
) -> None:
    """In the column that is alike, or of the whole row."""
    done(client, nurse, HEADER + ANN + BOB)
    report = send(client, nurse, HEADER + row, "dry_run=true").json
    assert report["errors"] == [{"row": 2, "column": column, "message": f"A patient with the same {what} exists."}]


def test_a_row_left_out_because_it_looks_like_somebody_is_named(client: FlaskClient, nurse: Headers) -> None:
    """A phone may be a family's: nobody is lost without a word."""
    done(client, nurse, HEADER + ANN)
    report = done(client, nurse, HEADER + "Eve,Lee,1960-01-01,F,,2175550101,,,\n", "on_existing=skip")
    assert (report["skipped"], report["failed"], report["errors"][0]["message"]) == (
        1, 0, "Left out: A patient with the same phone exists.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "row",
    ["Eve,Lee,1960-01-01,F,,2175550101,,,Peoria\n", "Ann,Lee,1958-03-15,F,Z-1,,,,Peoria\n",
     "Ann,Lee,1958-03-15,F,,,emr-2,,Peoria\n"],
)  # fmt: skip
def test_an_update_overwrites_nobody_who_is_only_perhaps_the_same(
    client: FlaskClient, nurse: Headers, row: str
) -> None:
    """The same phone alone, another record number, another external id."""
    done(client, nurse, HEADER + ANN.replace(",,,Spr", ",emr-1,,Spr"))
    report = done(client, nurse, HEADER + row, "on_existing=update")
    assert (counts(report), "not certain" in report["errors"][0]["message"]) == ((0, 0, 0, 0, 1), True)
    assert client.get("/api/v1/patients/", headers=nurse).json["results"][0]["address"]["city"] == "Springfield"


def test_an_update_finds_the_person_by_name_and_birth_date(client: FlaskClient, nurse: Headers) -> None:
    """And may give them the external id that they had not."""
    done(client, nurse, HEADER + ANN)
    report = done(client, nurse, HEADER + "Ann,Lee,1958-03-15,F,,,emr-1,,Peoria\n", "on_existing=update")
    one = client.get("/api/v1/patients/", headers=nurse).json["results"][0]
    assert (counts(report), one["address"]["city"], one["external_id"]) == ((0, 1, 0, 0, 0), "Peoria", "emr-1")


def test_an_update_does_not_choose_between_two_of_one_name(client: FlaskClient) -> None:
    """Twice on record: the row is an error."""
    person = a_user()
    for _ in range(2):
        a_patient(person.actor)
    row = "Ann,Example,1960-05-04,F,,,,,Peoria\n"
    report = done(client, signed_in(client, person), HEADER + row, "on_existing=update")
    assert (counts(report), report["possible_duplicates"]) == ((0, 0, 0, 0, 1), 1)


@pytest.mark.parametrize("on_error", ["skip", "abort"])
def test_rows_are_created_all_the_same_when_the_caller_knows_better(
    client: FlaskClient, nurse: Headers, on_error: str
) -> None:
    """Twins on one phone, in one file."""
    done(client, nurse, HEADER + ANN)
    twins = ANN + ANN.replace("Ann", "Amy")
    report = done(client, nurse, HEADER + twins, f"allow_duplicates=true&on_error={on_error}")
    assert (counts(report), report["allow_duplicates"], len(people(client, nurse))) == ((2, 0, 0, 0, 0), True, 3)


@pytest.mark.parametrize(("on_existing", "expected"), [("error", (1, 0, 0, 0, 1)), ("skip", (1, 0, 0, 1, 0))])
def test_a_person_who_stands_twice_in_a_file_is_created_once(
    client: FlaskClient, nurse: Headers, on_existing: str, expected: tuple[int, ...]
) -> None:
    """The later row is told."""
    report = done(client, nurse, HEADER + ANN + ANN, f"on_existing={on_existing}")
    assert (counts(report), report["errors"][0]["row"]) == (expected, 3)
    assert "An earlier row has the same name and birth date." in report["errors"][0]["message"]


def test_family_on_one_phone_is_updated_by_number_without_a_word(client: FlaskClient, nurse: Headers) -> None:
    """Who is known by number is not guessed at."""
    family = "Ann,Lee,1958-03-15,F,A-1,2175550101,,,\nBob,Lee,1956-01-01,M,A-2,2175550101,,,\n"
    done(client, nurse, HEADER + family, "allow_duplicates=true")
    report = done(client, nurse, HEADER + family, "on_existing=update")
    assert (counts(report), report["possible_duplicates"]) == ((0, 0, 2, 0, 0), 0)


def test_a_merged_record_is_not_written_to(client: FlaskClient) -> None:
    """Its number leads to a clear answer."""
    person = a_user(role=Role.CLINICAL_MANAGER)
    kept, gone = (a_patient(person.actor, mrn=mrn) for mrn in ("K-1", "G-1"))
    headers = signed_in(client, person)
    merge: dict[str, Any] = {"duplicate_id": str(gone.id), "reason": "Entered twice by mistake"}
    assert client.post(f"/api/v1/patients/{kept.id}/merge/", json=merge, headers=headers).status_code == 200
    report = done(client, headers, HEADER + "Anna,Example,1960-05-04,F,G-1,,,,\n", "on_existing=update")
    assert (counts(report), report["errors"][0]["column"]) == ((0, 0, 0, 0, 1), "mrn")
    assert "was merged into another record" in report["errors"][0]["message"]

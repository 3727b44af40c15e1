"""The import wizard and the medical record's pages, as a browser without scripts uses them."""

import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from tests.admin.visits import enter, token
from tests.builders import Person, a_patient, a_user, signed_in
from tests.fhir_server import FhirServer, fhir_server
from tests.imports import ANN, BOB, HEADER
from tests.jobs import work

NEW = "/admin/patients/import"


@pytest.fixture
def nurse(client: FlaskClient) -> FlaskClient:
    """A signed-in nurse's browser."""
    return enter(client, a_user(role=Role.NURSE))


@pytest.fixture
def emr() -> Iterator[FhirServer]:
    """A medical record system."""
    with fhir_server() as server:
        yield server


def _upload(browser: FlaskClient, file: str) -> TestResponse:
    form = {"csrf_token": token(browser, NEW), "file": (BytesIO(file.encode()), "people.csv")}
    return browser.post(NEW, data=form, content_type="multipart/form-data")


def _press(browser: FlaskClient, path: str, button: str = "", **fields: str) -> TestResponse:
    return browser.post(f"{path}{button}", data={"csrf_token": token(browser, path), **fields})


def test_a_file_is_looked_at_then_imported_then_reported(nurse: FlaskClient) -> None:
    """Four pages, no script."""
    page = _upload(nurse, HEADER + ANN + BOB + "Eve,,1960-01-01,F,,,\n").headers["Location"]
    looked_at = nurse.get(page).text
    assert "Import 2 patients" in looked_at and "Last name: Missing data" in looked_at  # noqa: PT018 - one thought
    _press(nurse, page, "/start")
    assert 'http-equiv="refresh"' in nurse.get(page).text
    work()
    assert re.search(r"Created</dt><dd>2<", nurse.get(page).text)
    assert "4,last_name" in nurse.get(f"{page}/errors").text


def test_columns_are_assigned_by_hand(nurse: FlaskClient) -> None:
    """And the file is checked again."""
    page = _upload(nurse, HEADER.replace("Phone", "Contact") + ANN).headers["Location"]
    assert "Columns" in nurse.get(page).text
    chosen = {"column-0": "first_name", "column-1": "last_name", "column-2": "date_of_birth", "column-3": "gender",
              "column-4": "mrn", "column-5": "phone", "column-6": ""}  # fmt: skip
    _press(nurse, page, "/check", on_error="skip", on_existing="error", **chosen)
    assert "(217) 555-0101" in nurse.get(page).text


@pytest.mark.parametrize(
    ("file", "problem"), [("", "begins with an empty line"), ("a,b\n1,2\n", "No column for first_name")]
)
def test_a_file_that_does_not_do_is_refused_beside_the_field(nurse: FlaskClient, file: str, problem: str) -> None:
    """400, and the form is there again."""
    answer = _upload(nurse, file)
    assert (answer.status_code, problem in answer.text, "Choose a file" in answer.text) == (400, True, True)


def test_a_wrong_assignment_is_said_and_nothing_is_lost(nurse: FlaskClient) -> None:
    """400 on the same page."""
    page = _upload(nurse, HEADER + ANN).headers["Location"]
    answer = _press(nurse, page, "/check", on_error="skip", on_existing="error", **{"column-0": ""})
    assert (answer.status_code, "No column for first_name" in answer.text) == (400, True)


def test_who_may_not_write_patients_sees_no_wizard(client: FlaskClient) -> None:
    """Neither the page nor the way there; the export is for fewer still."""
    browser = enter(client, a_user(role=Role.DATA_MONITOR))
    assert [browser.get(path).status_code for path in (NEW, "/admin/patients/emr", "/admin/patients/export")] == [
        403
    ] * 3
    assert "Import a file" not in browser.get("/admin/patients").text


def test_the_list_is_exported_as_it_is_shown(client: FlaskClient) -> None:
    """With a mark by which Excel knows UTF-8."""
    manager = a_user(role=Role.CLINICAL_MANAGER)
    for name in ("Ann", "Bob"):
        a_patient(manager.actor, first_name=name)
    browser = enter(client, manager)
    link = re.search(r'href="(/admin/patients/export[^"]*)"', browser.get("/admin/patients?search=bob").text)
    assert link is not None
    lines = browser.get(link[1].replace("&amp;", "&")).text.splitlines()
    assert (lines[0].startswith("\ufeffid,first_name"), len(lines)) == (True, 2)


def test_a_patient_is_taken_over_from_the_medical_record_after_a_look(client: FlaskClient, emr: FhirServer) -> None:
    """Search, look, create; and later what changed there is shown before it is taken."""
    browser = _connected(client, emr)
    assert "Baxter, Amy" in browser.get("/admin/patients/emr?name=baxter").text
    page = "/admin/patients/emr/example"
    assert _take(browser, page).status_code == 303
    emr.patients["example"]["name"][1]["family"] = "Miller"
    assert '<span class="was">Baxter</span></td><td class="will">Miller' in browser.get(page).text


def test_what_changed_after_the_look_is_shown_again(client: FlaskClient, emr: FhirServer) -> None:
    """412, with the new differences."""
    browser = _connected(client, emr)
    page = "/admin/patients/emr/example"
    seen = browser.get(page).text
    emr.patients["example"]["name"][1]["family"] = "Miller"
    answer = _take(browser, page, seen)
    assert (answer.status_code, "Look again" in answer.text, "Miller" in answer.text) == (412, True, True)


def test_a_medical_record_that_does_not_answer_is_said_on_the_page(client: FlaskClient, emr: FhirServer) -> None:
    """503, with the form."""
    browser = _connected(client, emr)
    emr.instead = [(401, {}, b"")]
    answer = browser.get("/admin/patients/emr?name=x")
    assert (answer.status_code, "refuses our sign-in" in answer.text) == (503, True)


def _connected(client: FlaskClient, emr: FhirServer) -> FlaskClient:
    admin: Person = a_user(role=Role.ADMIN)
    headers = signed_in(client, admin)
    assert client.put("/api/v1/integrations/emr/", json={"base_url": emr.url}, headers=headers).status_code == 200
    return enter(client, admin)


def _take(browser: FlaskClient, page: str, seen: str | None = None) -> TestResponse:
    confirm = re.search(r'name="confirm" value="([^"]+)"', seen or browser.get(page).text)
    assert confirm is not None
    return _press(browser, page, confirm=confirm[1])


def test_an_administrator_connects_the_medical_record_and_tests_it(client: FlaskClient, emr: FhirServer) -> None:
    """The secret is kept when the field is left blank, and never shown."""
    browser = enter(client, a_user(role=Role.ADMIN))
    page = "/admin/integrations/emr"
    form = {"base_url": emr.url, "auth": "bearer", "is_active": "on"}
    assert _press(browser, page, **form, secret="canary-secret").status_code == 303
    assert _press(browser, page, **form).status_code == 303
    assert "canary-secret" not in browser.get(page).text
    browser.post(f"{page}/test", data={"csrf_token": token(browser, page)})
    assert "It answers: Test EMR, FHIR 4.0.1." in browser.get(page).text


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [("base_url", "https://10.0.0.8/", "private network"), ("auth", "basic", "Needed to sign in"),
     ("auth", "bearer", "Give the secret")],
)  # fmt: skip
def test_a_connection_that_does_not_do_is_refused_beside_its_field(
    client: FlaskClient, emr: FhirServer, field: str, value: str, problem: str
) -> None:
    """400, and what was entered is still there."""
    browser = enter(client, a_user(role=Role.ADMIN))
    answer = _press(browser, "/admin/integrations/emr", **{"base_url": emr.url, field: value})
    assert (answer.status_code, problem in answer.text) == (400, True)

"""The journeys of enrolment in a real browser: from a file to the first reading, a swap mid-month, the EMR twice."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from tests.browser.looks import Onlooker, enter
from tests.builders import a_body, a_device, a_patient, a_reading, a_user, signed_in
from tests.enrolment import NPI, days_ago
from tests.fhir_server import fhir_server
from tests.imports import ANN, HEADER
from tests.jobs import working

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]
NOW = datetime.now(UTC)
READINGS = "/api/v1/ingestion/blood-pressure/"


def _tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name=name).click()


def _import_one(page: Page) -> None:
    page.get_by_role("link", name="Import a file").click()
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": (HEADER + ANN).encode()}
    page.get_by_label("CSV file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Check the file").click()
    page.get_by_role("button", name="Import 1 patient").click()
    with working():
        page.get_by_role("link", name="To the patients").click(timeout=15_000)
    page.get_by_role("link", name="Lee, Ann").click()


def _record_consent(page: Page) -> None:
    page.get_by_text("Record a consent").click()
    part = page.get_by_role("region", name="Consents")
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("How").select_option("verbal")
    part.get_by_label("The patient was told of the cost share").check()
    part.get_by_label("The patient was told that only one").check()
    page.get_by_role("button", name="Record the consent").click()
    expect(part.get_by_text("Given")).to_be_visible()


def _record_order(page: Page) -> None:
    page.get_by_text("Record an order").click()
    part = page.get_by_role("region", name="Orders")
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("Practitioner elsewhere").fill("Dr Ada Outside")
    part.get_by_label("Their NPI").fill(NPI)
    part.get_by_label("Diagnoses").fill("I10")
    part.get_by_label("Blood pressure").check()
    page.get_by_role("button", name="Record the order").click()
    expect(part.get_by_text("In force")).to_be_visible()


def _enrol(page: Page) -> None:
    page.get_by_text("Enrol in a program").click()
    part = page.get_by_role("region", name="Enrolments")
    part.get_by_label("Program").select_option("RPM")
    part.get_by_label("Order").select_option(index=1)
    part.get_by_label("Initiating visit").fill(days_ago(30))
    page.get_by_role("button", name="Enrol the patient").click()
    expect(part.get_by_text("ordered by Dr Ada Outside")).to_be_visible()


def test_a_patient_comes_from_a_file_and_measures_for_the_first_time(
    open_page: Open, any_width: Size, look: Onlooker, client: FlaskClient
) -> None:
    """Imported, consented, ordered, enrolled, given a cuff; the first reading stands on the page."""
    nurse, page = a_user(role=Role.NURSE), open_page(any_width)
    a_device(nurse.actor, serial="CUFF-1")
    enter(page, nurse, "/admin/patients")
    _import_one(page)
    _tab(page, "Consents")
    _record_consent(page)
    _record_order(page)
    _enrol(page)
    expect(page.get_by_role("listitem").filter(has_text="Remote physiologic monitoring")).to_contain_text("Counts")
    look.at(page, "journey-1-enrolled")
    _tab(page, "Devices")
    page.get_by_role("link", name="Assign a device").click()
    page.get_by_label("Device").fill("cuff-1")
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("Held now")).to_be_visible()
    found = re.search(r"/patients/([0-9a-f-]{36})", page.url)
    assert found is not None
    body = a_body(found[1], systolic=151, device_id="CUFF-1", measured_at=datetime.now(UTC).isoformat())
    assert client.post(READINGS, json=body, headers=signed_in(client, nurse)).status_code == 201
    _tab(page, "Vitals")
    expect(page.get_by_role("region", name="Readings").get_by_text("151/78")).to_be_visible()
    look.at(page, "journey-1-first-reading")


def test_a_cuff_is_swapped_mid_month(open_page: Open, any_width: Size, look: Onlooker, client: FlaskClient) -> None:
    """A reading belongs to the cuff that was held when it was measured; the page shows both."""
    nurse, page = a_user(role=Role.NURSE), open_page(any_width)
    patient = a_patient(nurse.actor, first_name="Ada", last_name="Cuffed")
    a_device(nurse.actor, patient.id, NOW - timedelta(days=20), serial="OLD")
    a_device(nurse.actor, serial="NEW")
    a_reading(nurse.actor, patient.id, 131, device_id="OLD", measured_at=NOW - timedelta(days=9))
    enter(page, nurse, f"/admin/patients/{patient.id}/devices")
    page.get_by_role("region", name="Devices").get_by_role("link", name="A&D UA-651BLE").click()
    page.get_by_text("Swap for another device").click()
    page.get_by_label("New device").fill("NEW")
    handed_over = (NOW - timedelta(days=8)).astimezone(ZoneInfo("America/New_York"))
    page.get_by_label("Handed over").fill(handed_over.strftime("%Y-%m-%dT%H:%M"))
    page.locator("#swap-reason").fill("cuff torn")
    page.get_by_role("button", name="Swap").click()
    page.get_by_role("link", name="Ada Cuffed").first.click()
    headers, answers = signed_in(client, nurse), []
    for device, systolic, days in (("NEW", 142, 7), ("OLD", 143, 6)):
        moment = (NOW - timedelta(days=days)).isoformat()
        body = a_body(patient.id, systolic=systolic, device_id=device, measured_at=moment)
        answers.append(client.post(READINGS, json=body, headers=headers).status_code)
    assert answers == [201, 409]
    _tab(page, "Vitals")
    cells = page.get_by_role("region", name="Readings").get_by_role("row")
    expect(cells.filter(has_text="OLD")).to_contain_text("131/75")
    expect(cells.filter(has_text="NEW")).to_contain_text("142/78")
    _tab(page, "Devices")
    expect(page.get_by_role("rowheader")).to_have_count(2)
    look.at(page, "journey-2-swapped")
    _tab(page, "Timeline")
    expect(page.get_by_text("cuff torn").first).to_be_visible()


def test_a_patient_is_imported_from_the_medical_record_twice(open_page: Open, client: FlaskClient) -> None:
    """The second time finds the record, changes nothing, and makes no second patient."""
    admin, page = a_user(role=Role.ADMIN), open_page()
    with fhir_server() as emr:
        client.put("/api/v1/integrations/emr/", json={"base_url": emr.url}, headers=signed_in(client, admin))
        enter(page, admin, "/admin/patients/emr/example")
        page.get_by_role("button", name="Create the patient").click()
        expect(page.get_by_role("heading", name="Amy Baxter")).to_be_visible()
        first = page.url
        page.goto("/admin/patients/emr/example")
        expect(page.get_by_role("heading", name="Nothing to take over")).to_be_visible()
        page.get_by_role("link", name="Our record").click()
        assert page.url == first
        page.goto("/admin/patients")
        expect(page.get_by_role("rowheader")).to_have_text(["Baxter, Amy"])

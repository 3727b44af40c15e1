"""Patients in and out, in a real browser: the import wizard with its progress bar, the medical record's pages."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import FilePayload, Page, expect

from app.domain.roles import Role
from tests.browser.looks import Onlooker, enter
from tests.builders import a_user, signed_in
from tests.fhir_server import fhir_server
from tests.imports import ANN, BOB, HEADER
from tests.jobs import working

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


def _file(text: str) -> FilePayload:
    return {"name": "people from the old system.csv", "mimeType": "text/csv", "buffer": text.encode()}


def test_the_wizard_leads_from_a_file_to_patients(open_page: Open, any_width: Size, look: Onlooker) -> None:
    """The bar moves by itself; the page says when it is done."""
    page = open_page(any_width)
    enter(page, a_user(role=Role.NURSE), "/admin/patients")
    look.at(page, "patients-tools")
    page.get_by_role("link", name="Import a file").click()
    look.at(page, "import-1-file")
    page.get_by_label("CSV file").set_input_files(_file(HEADER.replace("Zip", "Colour") + ANN + BOB + "Eve,,x,F,,1,\n"))
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="2. Look at the file")).to_be_visible()
    look.at(page, "import-2-look")
    page.get_by_role("button", name="Import 2 patients").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    look.at(page, "import-3-running")
    with working():
        expect(page.get_by_role("heading", name="The file was imported")).to_be_visible(timeout=15_000)
    look.at(page, "import-4-done")
    page.get_by_role("link", name="To the patients").click()
    expect(page.get_by_role("rowheader")).to_have_text(["Lee, Ann", "Ray, Bob"])


def test_a_patient_is_taken_over_from_the_medical_record(
    open_page: Open, any_width: Size, look: Onlooker, client: FlaskClient
) -> None:
    """Search, look, create; then what changed there is shown beside what we have."""
    admin, page = a_user(role=Role.ADMIN), open_page(any_width)
    with fhir_server() as emr:
        client.put("/api/v1/integrations/emr/", json={"base_url": emr.url}, headers=signed_in(client, admin))
        enter(page, admin, "/admin/integrations/emr")
        look.at(page, "emr-0-connection")
        page.goto("/admin/patients/emr")
        page.get_by_label("Name").fill("a")
        page.get_by_role("button", name="Search").click()
        look.at(page, "emr-1-found")
        page.get_by_role("link", name="Baxter, Amy").click()
        look.at(page, "emr-2-new")
        page.get_by_role("button", name="Create the patient").click()
        expect(page.get_by_role("heading", name="Amy Baxter")).to_be_visible()
        emr.patients["example"]["name"][1]["family"] = "Miller"
        page.goto("/admin/patients/emr/example")
        expect(page.get_by_role("heading", name="What would change")).to_be_visible()
        look.at(page, "emr-3-differences")

"""A patient's record in a real browser: the forms, the tabs, without scripts and by keyboard."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.patients import Address, EmergencyContact, Payer
from app.domain.roles import Role
from app.models import Patient
from app.services.patients.notes import NewNote, write_note
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_device, a_patient, a_reading, a_user, in_house

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def manager() -> Person:
    """Somebody who may do all this."""
    return a_user(role=Role.CLINICAL_MANAGER)


@pytest.fixture
def grace(manager: Person) -> Patient:
    """A patient with a whole record."""
    doctor = a_user(manager.actor.practice_id)
    grace = a_patient(
        doctor.actor, first_name="Grace", last_name="Holloway", date_of_birth=date(1949, 7, 2), phone="+12175550101",
        email="grace@home.example", address=Address("12 Elm Street", "Apt 4", "Springfield", "IL", "62704"),
        emergency_contact=EmergencyContact("Tom Holloway", "+12175550102", "son"), conditions=("I10", "E11.65"),
        provider_id=doctor.actor.user_id, ssn="212-34-9999", preferred_language="en",
        payers=(Payer("Medicare Part B", "1EG4-TE5-MK72", date(2014, 7, 1)), Payer("AARP Medigap", "99-12")),
    )  # fmt: skip
    for days, systolic in ((3, 128), (2, 146), (1, 188)):
        a_reading(doctor.actor, grace.id, systolic, measured_at=datetime.now(UTC) - timedelta(days=days))
    a_device(doctor.actor, grace.id, datetime.now(UTC) - timedelta(days=20), serial="CUFF-A")
    with in_house(doctor.actor):
        write_note(doctor.actor, grace.id, NewNote("Prefers calls after 10 am.\nHard of hearing: speak slowly."))
    return grace


def _refused(complaints: list[str], *codes: str) -> None:
    assert [complaint[:3] for complaint in complaints] == [*codes]
    complaints.clear()


def test_a_patient_is_created_after_a_mistake_was_put_right(
    open_page: Open, manager: Person, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """What was typed is still there; the code says what it means while it is typed."""
    page = open_page(any_width)
    enter(page, manager, "/admin/patients")
    page.get_by_role("link", name="New patient").click()
    look.at(page, "patient-new")
    page.get_by_label("First name").fill("Ruth")
    page.get_by_label("Date of birth").fill("1958-03-15")
    page.get_by_label("Gender").select_option("female")
    page.get_by_label("Conditions").press_sequentially("i10")
    expect(page.get_by_text("Essential (primary) hypertension")).to_be_visible()
    page.get_by_role("button", name="Create the patient").last.click()
    expect(page.get_by_role("alert").filter(has_text="need another look")).to_be_visible()
    expect(page.get_by_label("Last name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("First name")).to_have_value("Ruth")
    look.at(page, "patient-new-refused")
    page.get_by_label("Last name").fill("Alvarez")
    page.get_by_label("Last name").press("Enter")
    expect(page.get_by_role("heading", name="Ruth Alvarez")).to_be_visible()
    _refused(complaints, "400")


def test_who_may_be_known_is_shown_first(
    open_page: Open, manager: Person, grace: Patient, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """The Enter key does not create anybody; the button does."""
    page = open_page(any_width)
    enter(page, manager, "/admin/patients/new")
    for label, text in (("First name", "Grace"), ("Last name", "Holloway"), ("Date of birth", "1949-07-02")):
        page.get_by_label(label).fill(text)
    page.get_by_label("Gender").select_option("female")
    for _ in range(2):
        page.get_by_label("Last name").press("Enter")
        expect(page.get_by_role("heading", name="This person may have a record already")).to_be_visible()
        page.wait_for_load_state()
    look.at(page, "patient-new-known")
    page.get_by_role("button", name="Create anyway").click()
    expect(page.get_by_role("heading", name="Grace Holloway")).to_be_visible()
    _refused(complaints, "409", "409")


def test_the_tabs_of_a_record(
    open_page: Open, manager: Person, grace: Patient, any_width: Size, look: Onlooker
) -> None:
    """Each with its own address; all that is there can be read."""
    page = open_page(any_width)
    enter(page, manager, f"/admin/patients/{grace.id}")
    expect(page.get_by_text("Prefers calls after 10 am.")).to_be_visible()
    look.at(page, "record-1-overview")
    for tab, shown in (
        ("Vitals", "188/75"),
        ("Thresholds", "Default 140"),
        ("Devices", "CUFF-A"),
        ("Consents", "Does today count?"),
        ("Timeline", "Device: Assigned"),
    ):
        link = page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name=tab)
        link.press("Enter")
        expect(link).to_have_attribute("aria-current", "page")
        expect(page.get_by_text(shown).first).to_be_visible()
        look.at(page, f"record-2-{tab.lower()}")


def test_the_forms_of_consents_orders_and_enrolments(
    open_page: Open, manager: Person, grace: Patient, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """All open, and one of them refused: what is wrong stands beside the entry."""
    page = open_page(any_width)
    enter(page, manager, f"/admin/patients/{grace.id}/consents")
    page.get_by_text("Record an order").click()
    page.get_by_role("button", name="Record the order").click()
    expect(page.get_by_role("region", name="Orders").get_by_text("Please fill this in.").first).to_be_visible()
    for words in ("Enrol in a program", "Record a consent", "What is missing"):
        page.get_by_text(words).first.click()
    look.at(page, "record-5-forms")
    _refused(complaints, "400")


def test_a_record_is_corrected_and_an_older_form_overwrites_nothing(
    open_page: Open, manager: Person, grace: Patient, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """Two windows, one of them late."""
    page = open_page(any_width)
    enter(page, manager, f"/admin/patients/{grace.id}/edit")
    look.at(page, "record-3-edit")
    late = page.context.new_page()
    late.goto(f"/admin/patients/{grace.id}/edit")
    page.get_by_label("Phone", exact=True).fill("(217) 555-0199")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="+12175550199")).to_be_visible()
    late.get_by_label("City").fill("Chicago")
    late.get_by_role("button", name="Save").click()
    expect(late.get_by_role("alert").filter(has_text="Somebody changed this since you opened it")).to_be_visible()
    look.at(late, "record-3-edit-stale")
    late.get_by_role("link", name="Open it anew").click()
    expect(late.get_by_label("City")).to_have_value("Springfield")


def test_two_records_are_merged_after_a_look(
    open_page: Open, manager: Person, grace: Patient, any_width: Size, look: Onlooker
) -> None:
    """Found as one types, compared, confirmed."""
    a_patient(manager.actor, first_name="Grace", last_name="Hollway", date_of_birth=date(1949, 7, 2))
    page = open_page(any_width)
    enter(page, manager, f"/admin/patients/{grace.id}")
    page.get_by_role("link", name="Merge a duplicate into this record").click()
    field = page.get_by_label("Find the duplicate")
    expect(field).to_be_visible()
    page.wait_for_load_state()  # its scripts run by then
    field.press_sequentially("hollw")
    expect(page).to_have_url(re.compile("search=hollw"))  # no answer to fewer letters replaces the list any more
    page.get_by_role("link", name="Hollway, Grace").click()
    look.at(page, "record-4-merge")
    page.get_by_label("Why").fill("registered twice")
    page.get_by_label("I have compared both records").check()
    page.get_by_role("button", name="Merge for good").click()
    expect(page.get_by_role("heading", name="Grace Holloway")).to_be_visible()
    page.get_by_role("link", name="Timeline").click()
    expect(page.get_by_text("Took in a duplicate record: registered twice")).to_be_visible()


def test_a_record_is_kept_without_scripts(open_page: Open, manager: Person, grace: Patient) -> None:
    """A consent is recorded, a kind chosen, the record archived."""
    page = open_page(java_script_enabled=False)
    enter(page, manager, f"/admin/patients/{grace.id}/consents")
    page.get_by_text("Record a consent").click()
    form = page.get_by_role("region", name="Consents")
    form.get_by_label("Program").select_option("CCM")
    form.get_by_label("How").select_option("written")
    form.get_by_label("The patient was told of the cost share").check()
    page.get_by_role("button", name="Record the consent").click()
    expect(page.get_by_role("heading", name="CCM")).to_be_visible()
    page.get_by_role("link", name="Timeline").click()
    page.get_by_role("navigation", name="Kinds of events").get_by_role("link", name="Consent").click()
    expect(page.get_by_role("listitem").filter(has_text="Written consent to CCM")).to_be_visible()
    page.get_by_role("link", name="Overview").click()
    page.get_by_text("Archive this record").click()
    page.get_by_role("textbox", name="Why", exact=True).last.fill("moved to Maine")
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("moved to Maine")).to_be_visible()

"""The device pages in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.models import Device
from app.services.devices.contacts import note_contact
from app.services.transaction import transaction
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_device, a_patient, a_user, in_house

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]
NOW = datetime.now(UTC)


@pytest.fixture
def doctor() -> Person:
    """Somebody with two patients."""
    doctor = a_user()
    for first, last in (("Grace", "Holder"), ("Otto", "Waiting")):
        a_patient(doctor.actor, first_name=first, last_name=last)
    return doctor


@pytest.fixture
def cuff(doctor: Person) -> Device:
    """A cuff that somebody has held for a month, its battery nearly empty; a spare one and a scale on the shelf."""
    patient = a_patient(doctor.actor, first_name="Ada", last_name="Cuffed")
    device = a_device(doctor.actor, patient.id, NOW - timedelta(days=30), serial="CUFF-A", imei="490154203237518")
    a_device(doctor.actor, serial="CUFF-B")
    a_device(doctor.actor, serial="SCALE-A", model_id="and-uc-352ble")
    with in_house(doctor.actor), transaction() as session:
        note_contact(session, doctor.actor.practice_id, device.id, NOW - timedelta(days=2), 15, 60)
    return device


def test_the_inventory_is_searched_and_filtered_in_place(
    open_page: Open, doctor: Person, cuff: Device, any_width: Size, look: Onlooker
) -> None:
    """The address carries what was asked for."""
    page = open_page(any_width)
    enter(page, doctor, "/admin/devices")
    expect(page.get_by_role("rowheader")).to_have_text(["SCALE-A", "CUFF-B", "CUFF-A"])
    look.at(page, "devices")
    page.get_by_label("Search").press_sequentially("cuff")
    expect(page.get_by_role("rowheader")).to_have_text(["CUFF-B", "CUFF-A"])
    page.get_by_label("Battery").select_option("true")
    expect(page.get_by_role("rowheader")).to_have_text(["CUFF-A"])
    assert "low_battery=true" in page.url


def test_a_device_is_registered_and_given_to_a_patient_by_keyboard(
    open_page: Open, doctor: Person, cuff: Device, look: Onlooker
) -> None:
    """From the empty form to the holder's name."""
    page = open_page()
    enter(page, doctor, "/admin/devices/new")
    page.get_by_label("Serial number").focus()
    page.keyboard.type("NEW-1")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Assign to a patient").press("Enter")
    page.wait_for_load_state()  # what is typed before the scripts are there is looked for with Enter only
    page.get_by_label("Find the patient").press_sequentially("wait")
    expect(page.get_by_role("radio")).to_have_count(1)
    expect(page.get_by_role("radio", name="Waiting, Otto")).to_be_checked()
    page.get_by_role("button", name="Assign").press("Enter")
    expect(page.get_by_role("region", name="Holder")).to_contain_text("Otto Waiting")
    expect(page.get_by_role("region", name="History").get_by_role("listitem")).to_have_count(2)


def test_a_device_is_swapped_after_a_mistake_was_put_right(
    open_page: Open, doctor: Person, cuff: Device, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """The form stays open and says what was wrong."""
    page = open_page(any_width)
    enter(page, doctor, f"/admin/devices/{cuff.id}")
    look.at(page, "device")
    page.get_by_text("Swap for another device").click()
    page.get_by_label("New device").fill("CUFF-X")
    page.get_by_role("group").get_by_label("Why").first.fill("cuff torn")
    page.get_by_role("button", name="Swap").click()
    expect(page.get_by_text("No device of the practice has this number.")).to_be_visible()
    look.at(page, "device-swap-refused")
    page.get_by_label("New device").fill("cuff-b")
    page.get_by_role("button", name="Swap").click()
    expect(page.get_by_role("region", name="Holder")).to_contain_text("Ada Cuffed")
    expect(page.get_by_text("CUFF-B").first).to_be_visible()
    assert [complaint[:4] for complaint in complaints] == ["400 "]
    complaints.clear()


def test_a_patients_page_shows_present_and_former_devices(
    open_page: Open, doctor: Person, cuff: Device, any_width: Size, look: Onlooker
) -> None:
    """After the cuff was taken back and a scale scanned in."""
    page = open_page(any_width)
    enter(page, doctor, f"/admin/devices/{cuff.id}")
    page.get_by_text("Take back").first.click()
    page.locator("#unassign-reason").fill("goal reached")
    page.get_by_role("button", name="End the assignment").click()
    expect(page.get_by_text("Nobody holds this device.")).to_be_visible()
    page.get_by_role("link", name="Ada Cuffed").first.click()
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Devices").click()
    page.get_by_role("link", name="Assign a device").click()
    look.at(page, "patient-device-new")
    page.get_by_label("Device").fill("scale-a")
    page.get_by_role("button", name="Assign").click()
    table = page.get_by_role("region", name="Devices")
    expect(table.get_by_role("rowheader")).to_have_text(["A&D UC-352BLE", "A&D UA-651BLE"])
    look.at(page, "patient-devices")


def test_the_other_device_forms(open_page: Open, doctor: Person, cuff: Device, any_width: Size, look: Onlooker) -> None:
    """Registering, and choosing a patient."""
    page = open_page(any_width)
    enter(page, doctor, "/admin/devices/new")
    look.at(page, "device-new")
    page.goto("/admin/devices?search=CUFF-B")
    page.get_by_role("link", name="CUFF-B").click()
    page.get_by_role("link", name="Assign to a patient").click()
    look.at(page, "device-assign")

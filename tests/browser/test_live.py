"""What is measured while a page is open appears on it by itself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Onlooker, enter
from tests.builders import a_patient, a_reading, a_user

pytestmark = pytest.mark.browser
WITHIN = 5_900  # milliseconds: five seconds and what this machine needs to draw


def test_a_reading_appears_within_seconds(
    open_page: Callable[..., Page], any_width: dict[str, int], look: Onlooker
) -> None:
    """On the board and on the patient's page, without loading either anew; zoom works by keyboard."""
    doctor = a_user()
    patient = a_patient(doctor.actor, first_name="Live", last_name="Reader")
    a_reading(doctor.actor, patient.id, 120)
    page = open_page(any_width)
    enter(page, doctor)
    page.evaluate("window.isSame = true")
    a_reading(doctor.actor, patient.id, 191)
    expect(page.get_by_text("191/75")).to_be_visible(timeout=WITHIN)
    page.goto(f"/admin/patients/{patient.id}/vitals")
    page.locator(".chart[data-drawn]").wait_for()
    page.evaluate("window.isSame = true")
    a_reading(doctor.actor, patient.id, 187)
    expect(page.get_by_role("region", name="Readings").get_by_text("187/75")).to_be_visible(timeout=WITHIN)
    page.locator(".chart[data-drawn]").focus()
    page.keyboard.press("+")
    expect(page.locator(".chart[data-zoomed=true]")).to_have_count(1)
    assert page.evaluate("window.isSame") is True
    look.at(page, "vitals")
    page.goto(f"/admin/patients/{patient.id}/vitals/days")
    look.at(page, "vitals-days")
    page.goto(f"/admin/patients/{patient.id}/vitals")
    page.get_by_role("link", name="Open").first.click()
    look.at(page, "reading")

"""Names, numbers and reasons that are code (S41, S65): a real browser shows them as text and runs nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from app.domain.roles import Role
from tests.attack.hostile import SCRIPTS
from tests.browser.looks import enter
from tests.builders import PASSWORD, a_patient, a_reading, a_user

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def test_s41_no_stored_script_runs_in_the_console(open_page: Open) -> None:
    """On the board, in the lists, on a patient's page, in the emergency's banner; nothing is even blocked."""
    doctor = a_user()
    stored = [a_patient(doctor.actor, first_name=script, last_name=script, mrn=script[:50]) for script in SCRIPTS]
    for patient, script in zip(stored, SCRIPTS, strict=True):
        a_reading(doctor.actor, patient.id, 190, device_id=script[:64])
    page = open_page()
    enter(page, doctor)
    tabs = [f"/admin/patients/{patient.id}{tab}" for patient in stored for tab in ("", "/vitals", "/timeline", "/edit")]
    paths = ["/admin/", "/admin/patients", *tabs]
    for path in [*paths, "/admin/patients?search=%3Cscript%3Ewindow.hacked%3D1%3C/script%3E"]:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.hacked") is None, path
    assert SCRIPTS[0] in page.content() or "&lt;script&gt;" in page.content()


def test_s65_the_emergency_pages_break_no_policy(open_page: Open) -> None:
    """Asked for, shown on every page with a reason of code, and ended; the browser complains of nothing."""
    page = open_page()
    enter(page, a_user(role=Role.BILLING_MANAGER))
    page.locator("#account-menu summary").click()
    page.get_by_role("link", name="Emergency access").click()
    page.get_by_label("Reason").fill(f"emergency {SCRIPTS[1]}")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Take emergency access").click()
    page.get_by_text("Everything you open is recorded").wait_for()
    assert page.evaluate("window.hacked") is None
    page.get_by_role("button", name="End emergency access").click()
    page.get_by_role("link", name="Patients").wait_for()
    assert page.get_by_text("Everything you open is recorded").count() == 0

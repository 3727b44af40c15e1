"""The threshold editors in a real browser: dry run, then save."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import Onlooker, enter
from tests.builders import a_patient, a_reading, a_user

pytestmark = pytest.mark.browser


def test_dry_run_then_save(open_page: Callable[..., Page], any_width: dict[str, int], look: Onlooker) -> None:
    """The practice's systolic limit: what would vanish is shown, nothing changes, then it is saved."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    for days in range(1, 6):
        a_reading(doctor.actor, patient.id, 138 + 2 * days, measured_at=datetime.now(UTC) - timedelta(days=days))
    page = open_page(any_width)
    enter(page, doctor, "/admin/thresholds")
    page.locator("#thresholds-systolic_high").fill("145")
    page.get_by_role("group", name="Pulse").get_by_text("What warnings wait for").click()
    page.get_by_role("group", name="Pulse").get_by_label("Monday").check()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("heading", name="Dry run")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("All.*5.*2"))).to_be_visible()
    expect(page.get_by_text("30 days, 1 patient")).to_be_visible()
    expect(page.get_by_role("heading", name="Would vanish 3")).to_be_visible()
    expect(page.get_by_role("list", name="Would vanish").get_by_role("link", name="Ann Example")).to_have_count(3)
    expect(page.get_by_role("group", name="Pulse").get_by_label("Monday")).to_be_checked()
    look.at(page, "thresholds-dry-run")
    page.get_by_role("button", name="Save these values").click()
    expect(page.get_by_text("Thresholds saved.")).to_be_visible()
    expect(page.get_by_text("Set by the practice: 145")).to_be_visible()


def test_a_patients_overrides_stand_out_and_are_confirmed(
    open_page: Callable[..., Page], any_width: dict[str, int], look: Onlooker, complaints: list[str]
) -> None:
    """By keyboard; a mistake is told beside its field and what was typed stays."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    page = open_page(any_width)
    enter(page, doctor, f"/admin/patients/{patient.id}/thresholds")
    expect(page.get_by_text("Nobody has confirmed these thresholds")).to_be_visible()
    page.get_by_label("Heart failure").check()
    field = page.locator("#thresholds-systolic_high")
    field.fill("190")
    page.get_by_role("button", name="Save and confirm").press("Enter")
    expect(page.locator("#thresholds-systolic_high-error")).to_contain_text("must be below")
    assert [complaint[:3] for complaint in complaints] == ["400"]
    complaints.clear()
    expect(page.get_by_label("Heart failure")).to_be_checked()
    field.fill("150")
    page.get_by_role("button", name="Save and confirm").press("Enter")
    expect(page.get_by_text("This patient: 150")).to_be_visible()
    expect(page.get_by_text("Profile 1.36")).to_be_visible()
    expect(page.get_by_text("Confirmed", exact=False).first).to_be_visible()
    look.at(page, "patient-thresholds-own")

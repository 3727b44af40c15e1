"""The audit trail's page in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from app.services.audit.sealing import seal_events
from tests.browser.looks import Onlooker, enter
from tests.builders import a_patient, a_reading, a_user

pytestmark = pytest.mark.browser


def test_the_audit_trail(open_page: Callable[..., Page], any_width: dict[str, int], look: Onlooker) -> None:
    """Proof on top, sorted by a click, filtered to one patient."""
    doctor = a_user()
    for first, last in (("Grace", "Urgent"), ("Otto", "Watchful")):
        a_reading(doctor.actor, a_patient(doctor.actor, first_name=first, last_name=last).id, 150)
    seal_events()
    page = open_page(any_width)
    enter(page, a_user(doctor.actor.practice_id, Role.ADMIN), "/admin/audit")
    expect(page.get_by_text("Sealed and in time")).to_be_visible()
    look.at(page, "audit")
    page.get_by_text("Whole hash").click()
    page.get_by_role("link", name="Only this patient").first.click()
    expect(page.get_by_role("link", name="Otto Watchful").first).to_be_visible()
    look.at(page, "audit-one-patient")

"""Notifications in a real browser: read by keyboard, preferences, what administrators see."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from app.domain.notifications.events import Event
from app.domain.roles import Role
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_patient, a_user
from tests.notifications import carry_a_phone, changing, only, tell

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def admin() -> Person:
    """An administrator who was told of a few things."""
    person = a_user(role=Role.ADMIN)
    only(person, "in_app", "sms", event=Event.ESCALATION_RAISED)
    carry_a_phone(person)
    patient = a_patient(person.actor)
    for event in (Event.WARNING_ALERT, Event.ESCALATION_RAISED, Event.CRITICAL_ALERT):
        tell(person, event, patient_id=patient.id)
    return person


def test_notifications_are_read_without_the_mouse(
    open_page: Open, admin: Person, any_width: Size, look: Onlooker
) -> None:
    """j moves, r reads, and the focus stays; the bell counts down; o opens the patient."""
    page = open_page(any_width)
    enter(page, admin, "/admin/notifications")
    look.at(page, "notifications")
    for left in (2, 1):
        page.keyboard.press("j")
        page.keyboard.press("r")
        expect(page.locator(".bell__count")).to_have_text(str(left))
        expect(page.locator(".told:focus")).to_contain_text("Read")
    page.keyboard.press("o")
    page.wait_for_url("**/admin/patients/*")
    expect(page.locator(".bell__count")).to_have_text("1")


def test_preferences_are_chosen_and_kept(
    open_page: Open, admin: Person, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """Boxes by their names, hours, a phone."""
    page = open_page(any_width)
    enter(page, admin, "/admin/notifications/preferences")
    page.get_by_label("Warnings: Text message").check()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("until").fill("07:00")
    page.get_by_label("Phone for text messages").fill("12")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_text("Not a telephone number.")).to_be_visible()
    complaints[:] = [one for one in complaints if not one.startswith("400")]
    expect(page.get_by_label("Warnings: Text message")).to_be_checked()
    page.get_by_label("Phone for text messages").fill("(217) 555-0147")
    page.get_by_role("button", name="Save preferences").click()
    expect(page.get_by_text("Your preferences were saved.")).to_be_visible()
    expect(page.get_by_label("Phone for text messages")).to_have_value("+12175550147")
    look.at(page, "notification-preferences")


def test_an_administrator_sets_up_a_provider_and_tries_again(
    open_page: Open, admin: Person, any_width: Size, look: Onlooker
) -> None:
    """What was given up says why."""
    with changing(admin) as session:
        session.execute(text("UPDATE notification_deliveries SET state = 'dead', failure = 'not_configured'"))
    page = open_page(any_width)
    enter(page, admin, "/admin/notifications/providers")
    page.get_by_label("Account SID").fill("AC0815")
    page.get_by_label("Sender").fill("+15005550006")
    page.get_by_label("Token", exact=True).fill("made-up")
    page.get_by_label("Address").first.fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Save Text messages").click()
    expect(page.get_by_text("The provider was saved.")).to_be_visible()
    look.at(page, "notification-providers")
    page.get_by_role("link", name="Deliveries").click()
    look.at(page, "notification-deliveries")
    page.get_by_role("button", name="Try again").first.click()
    expect(page.get_by_text("It is tried again now.")).to_be_visible()

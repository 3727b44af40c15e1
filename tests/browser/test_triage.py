"""Triage by keyboard: the queue, the board with its drawer, escalations, who is on call."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from app.services.triage.overdue import keep_times_of
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_patient, a_reading, a_user, in_house

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def nurse() -> Person:
    """Somebody with four patients, one on each level."""
    nurse = a_user(role=Role.NURSE)
    for first, last, systolics in (
        ("Grace", "Urgent", (128, 134, 150, 146, 162, 190)),
        ("Otto", "Watchful", (128, 150)),
        ("Ada", "Calm", (118, 122)),
        ("Leo", "Silent", ()),
    ):
        patient = a_patient(nurse.actor, first_name=first, last_name=last)
        for days, systolic in zip(range(len(systolics), 0, -1), systolics, strict=True):
            measured_at = datetime.now(UTC) - timedelta(days=days - 1, hours=1)
            a_reading(nurse.actor, patient.id, systolic, measured_at=measured_at)
    return nurse


def test_a_nurse_clears_twenty_alerts_without_touching_the_mouse(open_page: Open, complaints: list[str]) -> None:
    """From the login on: one key an alert, and the queue is empty."""
    nurse = a_user(role=Role.NURSE)
    for number in range(20):
        patient = a_patient(nurse.actor, first_name=f"Pat{number}", last_name="Waiting")
        a_reading(nurse.actor, patient.id, 190 if number % 4 == 0 else 150)
    page = open_page()
    page.goto("/admin/alerts")
    for text in (nurse.email, nurse.password):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(20)
    page.wait_for_load_state()
    page.keyboard.press("j")
    for left in range(19, -1, -1):
        expect(rows.first).to_be_focused()
        page.keyboard.press("a")
        expect(rows).to_have_count(left)
    expect(page.get_by_text("Nothing waits. All alerts have been seen.")).to_be_focused()
    assert page.evaluate("window.scrollX") == 0


def test_ticked_alerts_are_acknowledged_together(open_page: Open, nurse: Person) -> None:
    """Two of three, by keys."""
    page = open_page()
    enter(page, nurse, "/admin/alerts")
    rows = page.locator("tr[data-row]")
    expect(rows).to_have_count(3)
    for key in ("j", "x", "j", "x", "Shift+A"):
        page.keyboard.press(key)
    expect(rows).to_have_count(1)
    expect(rows.first).to_be_focused()


def test_the_queue_and_one_alert(open_page: Open, nurse: Person, any_width: Size, look: Onlooker) -> None:
    """With help, filters, and the forms of one alert."""
    page = open_page(any_width)
    enter(page, nurse, "/admin/alerts")
    page.keyboard.press("?")
    expect(page.get_by_text("acknowledge and go on")).to_be_visible()
    look.at(page, "alerts")
    page.get_by_role("link", name="Systolic BP 190 exceeds").click()
    expect(page.get_by_role("heading", name="Resolve")).to_be_visible()
    look.at(page, "alert")
    page.get_by_label("What came of it").select_option("contacted_patient")
    page.get_by_label("In your words").fill("Called: feels well.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Patient contacted. Called: feels well.")).to_be_visible()


def test_the_board_explains_a_patient_beside_it(
    open_page: Open, nurse: Person, any_width: Size, look: Onlooker
) -> None:
    """The reason in the row, the parts as bars in the drawer."""
    page = open_page(any_width)
    enter(page, nurse)
    look.at(page, "board-reasons")
    page.get_by_role("link", name="Systolic BP 190 exceeds").click()
    expect(page.locator("#drawer .explained tfoot")).to_contain_text("87")
    look.at(page, "board-drawer")


def test_from_the_board_by_keyboard_to_a_stat_its_answer_and_a_review(open_page: Open, nurse: Person) -> None:
    """Why, acknowledge, escalate, review: each a key; the board follows."""
    page = open_page()
    enter(page, nurse)
    page.keyboard.press("j")
    expect(page.get_by_role("row", name="Grace Urgent")).to_be_focused()
    page.keyboard.press("Enter")
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Grace Urgent")).to_be_focused()
    expect(drawer.get_by_role("table")).to_contain_text("Systolic BP 190 exceeds threshold of 180 mmHg")
    page.keyboard.press("a")
    expect(drawer).to_contain_text("None waits.")
    page.keyboard.press("e")
    expect(drawer.get_by_label("How urgent")).to_be_focused()
    page.keyboard.type("STAT")
    page.keyboard.press("Tab")
    page.keyboard.type("Dizzy since the morning.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(drawer).to_contain_text("Waits for any provider")
    expect(page.get_by_role("row", name="Grace Urgent")).to_contain_text("STAT")
    expect(drawer.locator("#drawer-title")).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="Grace Urgent")).to_contain_text(nurse.email)
    page.keyboard.press("Escape")
    expect(page.get_by_role("row", name="Grace Urgent")).to_be_focused()
    expect(drawer).to_be_empty()


def test_what_is_refused_is_shown_in_the_drawer(open_page: Open, nurse: Person, complaints: list[str]) -> None:
    """Beside the field; nothing was saved."""
    page = open_page()
    enter(page, nurse)
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.locator("#drawer").get_by_label("Minutes").fill("abc")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_contain_text("Not a valid integer.")
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith(("400 ", "htmx"))]


def test_escalations_wait_are_taken_on_and_end(open_page: Open, nurse: Person, any_width: Size, look: Onlooker) -> None:
    """The overdue alerts of the ward have escalated by themselves."""
    with in_house():
        keep_times_of(nurse.actor.practice_id, datetime.now(UTC) + timedelta(hours=2))
    page = open_page(any_width)
    enter(page, nurse, "/admin/escalations")
    first = page.get_by_role("article").filter(has_text="190")
    look.at(page, "escalations")
    first.get_by_role("button", name="Take it on").click()
    first = page.get_by_role("article").filter(has_text="190")
    expect(first).to_contain_text("Pat Tester is on it")
    first.get_by_text("Resolve", exact=True).first.click()
    first.get_by_label("What came of it").fill("Seen in the clinic.")
    first.get_by_role("button", name="Resolve").click()
    expect(page.get_by_role("article").filter(has_text="190")).to_have_count(0)
    page.get_by_role("link", name="Decisions").click()
    expect(page.get_by_role("table")).to_contain_text("Escalation resolved")
    look.at(page, "decisions")


def test_a_manager_sets_who_is_on_call(open_page: Open, nurse: Person, any_width: Size, look: Onlooker) -> None:
    """All week round; nobody before."""
    manager = a_user(nurse.actor.practice_id, Role.CLINICAL_MANAGER)
    page = open_page(any_width)
    enter(page, manager, "/admin/on-call")
    expect(page.get_by_text("Nobody is on call")).to_be_visible()
    weekdays = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for start in (0, 3, 6):
        for offset, day in enumerate(weekdays[start : start + 3]):
            line = page.get_by_role("group", name=f"Line {start + offset + 1}", exact=True)
            line.get_by_label("Who").select_option(str(nurse.actor.user_id))
            line.get_by_label("Every").select_option(day)
            line.get_by_label("From").fill("00:00")
            line.get_by_label("To").fill("00:00")
        page.get_by_role("button", name="Save the schedule").click()
        expect(page.get_by_role("group", name=f"Line {start + 4}", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="On call now")).to_contain_text("Pat Tester")
    look.at(page, "on-call")


def test_a_silent_patient_surfaces_on_the_board(open_page: Open, nurse: Person) -> None:
    """No data is a card of its own, and the row says why."""
    page = open_page()
    enter(page, nurse, "/admin/?risk_level=no_data")
    expect(page.get_by_role("row", name="Leo Silent")).to_contain_text("No reading yet")

"""Triage by keyboard: the queue, the board with its drawer, escalations, who is on call."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from app.domain.vitals.reading import Reading
from app.services.readings.intake import record_reading
from app.services.triage.board import refresh_due_scores
from app.services.triage.overdue import keep_times_of
from tests.browser.looks import Onlooker, enter, unfold
from tests.builders import Person, a_patient, a_reading, a_user, become_silent, in_house

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


def test_in_the_queue_one_key_goes_on_escalates_and_opens(open_page: Open, nurse: Person) -> None:
    """Next and back; for help with the patient of the row; the alert itself."""
    page = open_page()
    enter(page, nurse, "/admin/alerts")
    rows, drawer = page.locator("tr[data-row]"), page.locator("#drawer")
    for key, row in (("n", 0), ("n", 1), ("n", 2), ("n", 2), ("k", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(row)).to_be_focused()
    page.keyboard.press("e")
    expect(drawer.get_by_role("heading", name="Grace Urgent")).to_be_visible()
    expect(drawer.get_by_label("How urgent")).to_be_focused()
    page.keyboard.type("Urgent")
    page.keyboard.press("Tab")
    page.keyboard.type("No answer on the telephone.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(drawer).to_contain_text("No answer on the telephone.")
    page.keyboard.press("Escape")
    expect(drawer).to_be_empty()
    expect(rows.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resolve")).to_be_visible()


def test_the_queue_and_one_alert(open_page: Open, nurse: Person, any_width: Size, look: Onlooker) -> None:
    """With help, filters, and the forms of one alert."""
    page = open_page(any_width)
    enter(page, nurse, "/admin/alerts")
    page.keyboard.press("?")
    expect(page.get_by_text("acknowledge and go on")).to_be_visible()
    look.at(page, "alerts")
    page.keyboard.press("?")
    page.get_by_role("link", name="Systolic BP 190 exceeds").click()
    expect(page.get_by_role("heading", name="Resolve")).to_be_visible()
    look.at(page, "alert")
    page.get_by_label("What came of it").select_option("contacted_patient")
    page.get_by_label("In your words").fill("Called: feels well.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("Patient contacted. Called: feels well.")).to_be_visible()


def test_many_filters_fold_away_on_a_telephone(open_page: Open, nurse: Person, look: Onlooker) -> None:
    """The first alert is on the first screen; what is set is told, and opens, and turning the telephone shows all."""
    page = open_page({"width": 390, "height": 844})
    enter(page, nurse, "/admin/alerts?level=critical&ordering=raised_at&acknowledged=false")
    level, filters = page.get_by_label("Level"), page.locator(".search__fold summary")
    expect(level).to_be_hidden()
    expect(filters).to_have_text(re.compile(r"Filters\s+1 set"))
    expect(page.get_by_role("link", name="Systolic BP 190 exceeds")).to_be_in_viewport()
    look.at(page, "alerts-folded")
    unfold(page)
    level.select_option("")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    expect(filters).to_have_text("Filters")
    page.set_viewport_size({"width": 1000, "height": 700})
    expect(level).to_be_visible()
    expect(filters).to_be_hidden()


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
    resolved = page.get_by_role("row").filter(has_text="Escalation resolved")
    expect(resolved.get_by_role("link", name="Grace Urgent")).to_be_visible()
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
    expect(page.get_by_text("Times are shown by the practice")).to_be_visible()
    look.at(page, "on-call")


def test_a_silent_patient_surfaces_on_the_board(open_page: Open, nurse: Person) -> None:
    """One whose readings stopped: the job takes the score away, the card counts them, the row and an alert say why."""
    quiet = a_patient(nurse.actor, first_name="Quinn", last_name="Quiet")
    a_reading(nurse.actor, quiet.id, 120, measured_at=datetime.now(UTC) - timedelta(days=29, hours=23))
    page = open_page()
    enter(page, nurse)
    expect(page.locator("#card-no_data")).to_contain_text("1")
    become_silent(nurse.actor, quiet.id)
    with in_house():
        refresh_due_scores()
    page.goto("/admin/?risk_level=no_data")
    expect(page.locator("#card-no_data")).to_contain_text("2")
    expect(page.get_by_role("row", name="Quinn Quiet")).to_contain_text("No reading in the last 30 days")
    expect(page.get_by_role("row", name="Leo Silent")).to_contain_text("No reading yet")
    page.goto("/admin/alerts?class=compliance")
    expect(page.get_by_role("row", name="Quinn Quiet")).to_contain_text("No reading for")


def test_a_critical_reading_becomes_a_stat_that_a_doctor_answers_and_the_nurse_reviews(
    open_page: Open, nurse: Person
) -> None:
    """Two people, two browsers: the nurse calls, the doctor takes it on and resolves it, the nurse reviews."""
    doctor = a_user(nurse.actor.practice_id)
    patient = a_patient(nurse.actor, first_name="Cora", last_name="Critical")
    a_reading(nurse.actor, patient.id, 195)
    hers, his = open_page(), open_page()
    enter(hers, nurse, f"/admin/triage/{patient.id}")
    hers.get_by_label("How urgent").select_option("stat")
    hers.get_by_label("Why").fill("195, dizzy.")
    hers.get_by_role("button", name="Escalate").click()
    expect(hers.get_by_text("Waits for any provider")).to_be_visible()
    a_reading(nurse.actor, patient.id, 124)
    enter(his, doctor, "/admin/escalations")
    article = his.get_by_role("article").filter(has_text="Cora Critical")
    article.get_by_role("button", name="Take it on").click()
    expect(article).to_contain_text("is on it")
    hers.goto("/admin/?risk_level=critical")
    expect(hers.get_by_role("row", name="Cora Critical")).to_contain_text("STAT")
    article.get_by_text("Resolve", exact=True).first.click()
    article.get_by_label("What came of it").fill("124 after a second pill.")
    article.get_by_role("button", name="Resolve").click()
    expect(article).to_have_count(0)
    hers.goto(f"/admin/triage/{patient.id}")
    hers.get_by_label("Minutes").fill("9")
    hers.get_by_role("button", name="Mark as reviewed").click()
    expect(hers.get_by_text(f"by {nurse.email}")).to_be_visible()
    expect(hers.get_by_text("Normal")).to_be_visible()


def test_a_clinicians_own_score_is_set_and_taken_back(
    open_page: Open, nurse: Person, any_width: Size, look: Onlooker
) -> None:
    """From the patient's page, with reason and expiry."""
    page = open_page(any_width)
    enter(page, nurse)
    page.get_by_role("link", name="Ada Calm").click()
    page.get_by_text("Set the score yourself").click()
    page.locator("#override-risk_score").fill("80")
    page.locator("#override-days").select_option("3")
    page.locator("#override-reason").fill("Fell at home.")
    look.at(page, "score-override-form")
    page.get_by_role("button", name="Set the score").click()
    expect(page.get_by_text("Set to 80 by a clinician until")).to_be_visible()
    look.at(page, "score-override")
    page.get_by_role("button", name="Take the set score back").click()
    expect(page.get_by_text("Set the score yourself")).to_be_visible()


def test_the_small_line_is_of_the_vital_that_the_reason_names(
    open_page: Open, nurse: Person, any_width: Size, look: Onlooker
) -> None:
    """An oxygen that is too low stands where the pressure is fine."""
    patient = a_patient(nurse.actor, first_name="Olga", last_name="Oxygen")
    a_reading(nurse.actor, patient.id, 120)
    for hours, spo2 in ((30, 96), (20, 94), (1, 91)):
        at = datetime.now(UTC) - timedelta(hours=hours)
        with in_house(nurse.actor):
            record_reading(nurse.actor, patient.id, Reading("pulse_oximetry", at, {"spo2": Decimal(spo2)}))
    page = open_page(any_width)
    enter(page, nurse)
    row = page.get_by_role("row", name="Olga Oxygen")
    expect(row).to_contain_text("SpO2 91 %")
    expect(row.get_by_role("img", name="SpO2, last 3 readings: from 96 to 91 %")).to_be_visible()
    look.at(page, "board-telling")

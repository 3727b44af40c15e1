"""Logged time in a real browser: the timer from its start to the entry, by keyboard too, and the pages around it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from app.domain.billing.time_logs import Activity, Mode, NewTimeLog, Work
from app.domain.billing.timers import NewTimer
from app.domain.enrolment.programs import Program
from app.domain.roles import Role
from app.services.billing.time_corrections import update_time_log
from app.services.billing.time_entries import create_time_log
from app.services.billing.timers import start_timer
from tests.browser.looks import Onlooker, enter
from tests.builders import Person, a_patient, a_user, in_house
from tests.time_logs import LATELY, MINUTE

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def nurse() -> Person:
    """Somebody with a patient."""
    nurse = a_user(role=Role.NURSE)
    a_patient(nurse.actor, first_name="Grace", last_name="Timely")
    return nurse


def _seconds(page: Page) -> int:
    minutes, seconds = page.get_by_role("timer").inner_text().split(":")
    return int(minutes) * 60 + int(seconds)


def test_a_timer_is_started_held_reloaded_and_stopped_into_an_entry(
    open_page: Open, nurse: Person, any_width: Size, look: Onlooker
) -> None:
    """The clock runs, stands while it is held, goes on after a reload, and what it counted is on the tab."""
    page = open_page(any_width)
    enter(page, nurse, "/admin/patients")
    page.get_by_role("link", name="Timely, Grace").click()
    page.get_by_role("button", name="Start the timer").click()
    bar = page.get_by_role("region", name="Timer")
    expect(bar).to_contain_text("Timer runs")
    expect(page.get_by_role("timer")).to_have_text("0:02", timeout=5_000)  # it ticks by itself
    bar.get_by_role("button", name="Pause").click()
    expect(bar).to_contain_text("Timer paused")
    held = _seconds(page)
    page.reload()
    assert _seconds(page) == held >= 2
    look.at(page, "timer-paused")
    bar.get_by_role("button", name="Resume").click()
    page.reload()
    expect(bar).to_contain_text("Timer runs")
    expect(page.get_by_role("timer")).to_have_text(f"0:{held + 1:02}", timeout=5_000)
    bar.get_by_role("link", name="Stop…").click()
    look.at(page, "timer-stop")
    page.get_by_label("Note").fill("Trend is falling, told to go on")
    page.get_by_role("button", name="Log the time").click()
    entries = page.get_by_role("region", name="Your entries")
    expect(entries.get_by_role("rowheader")).to_have_count(2)  # one for each stretch
    expect(page.get_by_role("region", name="Timer")).to_have_count(0)
    look.at(page, "patient-time")


def test_a_timer_is_worked_by_keyboard_alone(open_page: Open, nurse: Person) -> None:
    """Each of its controls is reached and pressed without a mouse."""
    page = open_page()
    enter(page, nurse, "/admin/patients")
    page.get_by_role("link", name="Timely, Grace").press("Enter")
    page.get_by_role("button", name="Start the timer").press("Enter")
    page.get_by_role("button", name="Pause").press("Enter")
    page.get_by_role("button", name="Resume").press("Space")
    page.get_by_role("link", name="Stop…").press("Enter")
    page.get_by_label("Note").focus()
    page.keyboard.type("by keyboard")
    page.get_by_role("button", name="Log the time").press("Enter")
    expect(page.get_by_role("region", name="Your entries").get_by_role("rowheader").first).to_be_visible()


def test_without_scripts_the_timer_is_a_button(open_page: Open, nurse: Person) -> None:
    """The clock stands at what the server said."""
    with in_house(nurse.actor):
        other = a_patient(nurse.actor, first_name="Otto", last_name="Plain")
        start_timer(nurse.actor, other.id, NewTimer(Program.RPM, Activity.DATA_REVIEW))
    page = open_page(java_script_enabled=False)
    enter(page, nurse, "/admin/patients")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("region", name="Timer")).to_contain_text("Timer paused")


def test_the_pages_of_time(open_page: Open, any_width: Size, look: Onlooker) -> None:
    """The list with what is missing, one entry with its history, all gaps."""
    manager = a_user(role=Role.CLINICAL_MANAGER)
    nurse = a_user(manager.actor.practice_id, Role.NURSE)
    patient = a_patient(manager.actor, first_name="Grace", last_name="Timely")
    call = Work(Program.RPM, Activity.PATIENT_CONTACT, Mode.PHONE, note="Asked how it goes.")
    review = Work(Program.CCM, Activity.DATA_REVIEW)
    with in_house(nurse.actor):
        first = create_time_log(nurse.actor, NewTimeLog(patient.id, call, LATELY, LATELY + 12 * MINUTE)).log
        changes = {"note": "Asked how it goes: dizzy at night."}
        update_time_log(nurse.actor, first.id, changes, "The answer was missing", None)
        create_time_log(nurse.actor, NewTimeLog(patient.id, review, LATELY + 20 * MINUTE, LATELY + 25 * MINUTE))
    page = open_page(any_width)
    enter(page, manager, f"/admin/time-logs?month={LATELY:%Y-%m}")
    expect(page.get_by_role("region", name="Entries").get_by_role("rowheader")).to_have_count(2)
    look.at(page, "time-logs")
    page.get_by_label("Program").select_option("RPM")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("region", name="Entries").get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("region", name="What it said before")).to_contain_text("The answer was missing")
    page.get_by_text("Correct the entry").click()
    look.at(page, "time-log")
    page.goto(f"/admin/time-logs/gaps?month={LATELY:%Y-%m}")
    expect(page.get_by_text("No note says what was done.")).to_be_visible()
    look.at(page, "time-gaps")


def test_a_call_is_logged_corrected_and_listed(open_page: Open, nurse: Person, any_width: Size, look: Onlooker) -> None:
    """Its minutes are a live contact; corrected to nobody reached, they are gone, and both calls are on record."""
    page = open_page(any_width)
    enter(page, nurse, "/admin/patients")
    page.get_by_role("link", name="Timely, Grace").click()
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Time", exact=True).click()
    part = page.get_by_role("region", name="Calls")
    part.get_by_text("Log a call").click()
    part.get_by_label("Or how many minutes").fill("12")
    part.get_by_label("Note").fill("Feels well, takes the evening dose again.")
    look.at(page, "call-form")
    part.get_by_role("button", name="Log the call").click()
    expect(page.get_by_role("heading", name="Call: reached")).to_be_visible()
    look.at(page, "call")
    page.get_by_role("link", name="RPM time").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Patient contact, 12 min 00 s")
    page.get_by_role("link", name="Call", exact=True).click()
    page.get_by_text("Correct the call").click()
    form = page.get_by_role("group").filter(has=page.get_by_role("button", name="Save"))
    form.get_by_label("Why").fill("It was the mailbox.")
    form.get_by_label("Outcome").select_option("left_message")
    look.at(page, "call-correct")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Call: left a message")).to_be_visible()
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Time", exact=True).click()
    expect(page.get_by_role("region", name="Calls").get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("region", name="This month")).to_contain_text("No time is logged this month.")
    look.at(page, "call-list")
    page.get_by_role("navigation", name="Parts of the record").get_by_role("link", name="Timeline").click()
    expect(page.get_by_text("Called the patient by phone, left a message")).to_be_visible()

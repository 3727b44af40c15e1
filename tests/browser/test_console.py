"""The console in a real browser."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from tests.browser.looks import Onlooker, enter, sign_in, sign_out
from tests.builders import Person, a_patient, a_reading, a_user

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]


@pytest.fixture
def doctor() -> Person:
    """Somebody with four patients, one on each level."""
    doctor = a_user()
    for first, last, systolics in (
        ("Grace", "Urgent", (128, 134, 150, 146, 162, 190)),
        ("Otto", "Watchful", (128, 150)),
        ("Ada", "Calm", (118, 122)),
        ("Leo", "Silent", ()),
    ):
        patient = a_patient(doctor.actor, first_name=first, last_name=last, phone="+12175550101")
        for days, systolic in zip(range(len(systolics), 0, -1), systolics, strict=True):
            measured_at = datetime.now(UTC) - timedelta(days=days - 1, hours=1)
            a_reading(doctor.actor, patient.id, systolic, measured_at=measured_at)
    return doctor


def test_one_signs_in_and_reaches_a_patient_by_keyboard(open_page: Open, doctor: Person, look: Onlooker) -> None:
    """The first field has the focus; the skip link comes first on the board."""
    page = open_page()
    page.goto("/admin/")
    page.keyboard.type(doctor.email)
    page.keyboard.press("Tab")
    page.keyboard.type(doctor.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Triage")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.get_by_role("link", name="Grace Urgent").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Grace Urgent")).to_be_visible()


def test_the_login_page(open_page: Open, any_width: Size, look: Onlooker, complaints: list[str]) -> None:
    """Empty, and after a wrong password, when the focus is on the password."""
    page = open_page(any_width)
    page.goto("/admin/login")
    look.at(page, "login")
    sign_in(page, Person(a_user().actor, "nobody@test.example", "wrong"))
    expect(page.get_by_role("alert").filter(has_text="Unable to log in")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()
    look.at(page, "login-refused")
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith("401 ")]


def test_the_board(open_page: Open, doctor: Person, any_width: Size, look: Onlooker) -> None:
    """Ranked, with cards that filter."""
    page = open_page(any_width)
    enter(page, doctor)
    expect(page.get_by_role("rowheader")).to_have_text([r"Grace Urgent MRN-00001", "Otto Watchful MRN-00002",
                                                        "Ada Calm MRN-00003", "Leo Silent MRN-00004"])  # fmt: skip
    look.at(page, "board")
    page.locator("#card-warning").click()
    expect(page.get_by_role("rowheader")).to_have_text(["Otto Watchful MRN-00002"])
    look.at(page, "board-filtered")


def test_the_board_renews_itself_where_it_is(open_page: Open, doctor: Person) -> None:
    """New readings appear, the filter stays, the focus stays, the news is said once."""
    page = open_page()
    enter(page, doctor, "/admin/?risk_level=critical")
    page.get_by_role("link", name="Grace Urgent").focus()
    newcomer = a_patient(doctor.actor, first_name="Nora", last_name="Newcomer")
    a_reading(doctor.actor, newcomer.id, 200)
    page.evaluate("htmx.trigger('#board', 'refresh')")
    expect(page.get_by_role("link", name="Nora Newcomer")).to_be_visible()
    expect(page.get_by_role("link", name="Grace Urgent")).to_be_focused()
    expect(page.locator("#news")).to_have_text("2 critical, 1 warning, 1 normal, 1 without data.")
    assert page.url.endswith("/admin/?risk_level=critical")


def test_a_board_that_cannot_be_renewed_says_that_it_is_old(
    open_page: Open, doctor: Person, complaints: list[str]
) -> None:
    """And stops saying so when it can again."""
    page = open_page()
    enter(page, doctor)
    page.route("**/admin/", lambda route: route.abort())
    page.evaluate("htmx.trigger('#board', 'refresh')")
    expect(page.locator("#problem")).to_contain_text("what you see is old")
    page.unroute("**/admin/")
    page.evaluate("htmx.trigger('#board', 'refresh')")
    expect(page.locator("#problem")).to_be_empty()
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith("htmx:")]


def test_a_patients_page(open_page: Open, doctor: Person, any_width: Size, look: Onlooker) -> None:
    """Chart with limits and marks, and the same readings as a table."""
    page = open_page(any_width)
    enter(page, doctor)
    page.get_by_role("link", name="Grace Urgent").click()
    page.get_by_role("link", name="Vitals").click()
    page.locator(".chart[data-drawn]").wait_for()
    expect(page.locator(".chart canvas")).to_have_count(2)
    expect(page.locator(".chart__readout")).to_contain_text("190/75 mmHg, pulse 70 bpm, critical alert")
    expect(page.get_by_role("region", name="Readings").get_by_role("row")).to_have_count(7)
    look.at(page, "patient")


@pytest.mark.parametrize("level", ["critical", "warning"])
def test_the_chart_shows_limits_and_marks_in_the_colours_of_their_levels(
    open_page: Open, doctor: Person, level: str
) -> None:
    """Looked for among the pixels: the band, the line of the limit, the mark of an alert."""
    page = open_page()
    enter(page, doctor)
    page.get_by_role("link", name="Grace Urgent").click()
    page.get_by_role("link", name="Vitals").click()
    page.locator(".chart[data-drawn]").wait_for()
    missing = page.evaluate(_MISSING_COLOURS, [f"--{level}-band", f"--{level}-text", f"--{level}"])
    assert missing == []


_MISSING_COLOURS = """names => {
    const canvas = document.querySelector(".chart canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
    const style = getComputedStyle(document.documentElement);
    const rgb = hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16)).join(",");
    return names.filter(name => !seen.has(rgb(style.getPropertyValue(name).trim())));
}"""


def test_an_alert_is_acknowledged_in_place(open_page: Open, doctor: Person, look: Onlooker) -> None:
    """By keyboard: the line changes, the count too, and the focus is not lost."""
    page = open_page()
    enter(page, doctor)
    page.get_by_role("link", name="Grace Urgent").click()
    expect(page.locator("#open-alerts")).to_have_text("2 not acknowledged")
    page.wait_for_load_state()  # before its scripts run the button sends the form, and the page comes anew
    page.get_by_role("button", name="Acknowledge").first.press("Enter")
    expect(page.locator("#open-alerts")).to_have_text("1 not acknowledged")
    expect(page.locator(".alert__state").first).to_be_focused()
    look.at(page, "patient-acknowledged")


def test_an_alert_is_acknowledged_without_scripts(open_page: Open, doctor: Person) -> None:
    """Slower, but all the same; times are then in UTC."""
    page = open_page(java_script_enabled=False)
    enter(page, doctor)
    page.get_by_role("link", name="Grace Urgent").click()
    page.get_by_role("button", name="Acknowledge").first.click()
    expect(page.locator("#open-alerts")).to_have_text("1 not acknowledged")
    expect(page.locator("#alerts time").first).to_contain_text("UTC")


def test_patients_are_searched_while_one_types(
    open_page: Open, doctor: Person, any_width: Size, look: Onlooker
) -> None:
    """The field keeps its focus, the address what was searched for."""
    page = open_page(any_width)
    enter(page, doctor, "/admin/patients")
    expect(page.get_by_role("rowheader")).to_have_count(4)
    look.at(page, "patients")
    page.wait_for_load_state()
    page.get_by_label("Search").press_sequentially("watch")
    expect(page).to_have_url(re.compile("search=watch$|search=watch&"))
    expect(page.get_by_role("rowheader")).to_have_text(["Watchful, Otto"])
    expect(page.get_by_label("Search")).to_be_focused()


def test_billing_lands_on_the_patient_list(open_page: Open, doctor: Person, any_width: Size, look: Onlooker) -> None:
    """Whose pages hold no readings."""
    page = open_page(any_width)
    enter(page, a_user(doctor.actor.practice_id, Role.BILLING_MANAGER))
    page.get_by_role("link", name="Urgent, Grace").click()
    expect(page.get_by_text("shown to the care team only")).to_be_visible()
    look.at(page, "patient-for-billing")


def test_the_error_page(
    open_page: Open, doctor: Person, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """With the way back."""
    page = open_page(any_width)
    enter(page, doctor)
    page.goto("/admin/nothing")
    look.at(page, "error")
    assert [complaint[:4] for complaint in complaints] == ["404 "]
    complaints.clear()


def test_after_a_quarter_of_an_hour_alone_one_is_signed_out(open_page: Open, doctor: Person) -> None:
    """The board's own renewals do not count as somebody being there."""
    page = open_page()
    page.clock.install()
    enter(page, doctor)
    page.clock.run_for("14:10")
    expect(page.locator("#idle-notice")).to_contain_text("signed out in a minute")
    page.clock.run_for("00:55")
    expect(page.get_by_text("You were signed out after 15 minutes without activity.")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_be_visible()


def test_after_logging_out_the_back_button_shows_nothing(open_page: Open, doctor: Person) -> None:
    """Health information is not kept by the browser."""
    page = open_page()
    enter(page, doctor)
    sign_out(page)
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("E-mail")).to_be_visible()
    expect(page.get_by_text("Grace Urgent")).to_have_count(0)


def test_a_link_from_another_site_reaches_the_page_without_a_second_login(
    open_page: Open, doctor: Person, site: str
) -> None:
    """Although the strict cookie does not come with the first request."""
    page = open_page()
    enter(page, doctor)
    page.goto("about:blank")
    page.set_content(f'<a href="{site}/admin/patients?search=calm">From a message</a>')
    page.get_by_role("link").click()
    expect(page.get_by_role("rowheader")).to_have_text(["Calm, Ada"])


def test_the_api_documentation(open_page: Open, any_width: Size, look: Onlooker) -> None:
    """Every group is there, under the same policy as the console."""
    page = open_page(any_width)
    page.goto("/api/v1/docs/")
    page.locator("#operations-tag-ingestion").click()
    expect(page.get_by_text("/api/v1/ingestion/blood-pressure/")).to_be_visible()
    look.at(page, "docs", except_for=frozenset({"nested-interactive"}))  # swagger-ui's own: a link within a button

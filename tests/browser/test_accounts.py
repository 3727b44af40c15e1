"""Accounts in a real browser: from the invitation to the second factor to the end of a session."""

from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from app.domain.roles import Role
from tests.authenticator import rewind
from tests.browser.looks import Onlooker, enter, sign_in, sign_out
from tests.builders import PASSWORD, Person, a_practice, a_user
from tests.mailbox import delivered_to

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
Size = dict[str, int]
NEW_PASSWORD = "nine purple whales at dawn"


@pytest.fixture
def admin() -> Person:
    """An administrator of a practice with a few people."""
    person = a_user(role=Role.ADMIN)
    for role in (Role.NURSE, Role.BILLING_MANAGER):
        a_user(person.actor.practice_id, role)
    return person


def _link(address: str, site: str) -> str:
    """Return the mailed link as it stands on this site."""
    letter = delivered_to(address)[-1]
    return f"{site}/admin/set-password#{letter.split('#')[1].split()[0]}"


def _without(complaints: list[str], *starts: str) -> None:
    complaints[:] = [complaint for complaint in complaints if not complaint.startswith(starts)]


def test_an_invited_person_follows_the_link_and_signs_in(
    open_page: Open, admin: Person, site: str, any_width: Size, look: Onlooker
) -> None:
    """The secret leaves the address bar at once."""
    email = f"invited-{admin.actor.user_id}@test.example"
    page = open_page(any_width)
    enter(page, admin, "/admin/users/new")
    look.at(page, "new-user")
    _fill(page, {"First name": "Ivy", "Last name": "Invited", "E-mail": email})
    page.get_by_label("Role").select_option("nurse")
    page.get_by_role("button", name="Make account").click()
    expect(page.get_by_text("An invitation is on its way")).to_be_visible()
    look.at(page, "user-invited")
    theirs = open_page(any_width)
    theirs.goto(_link(email, site))
    assert theirs.url == f"{site}/admin/set-password"
    expect(theirs.get_by_label("New password")).to_be_focused()
    expect(theirs.get_by_label("Secret of the link")).to_be_hidden()
    look.at(theirs, "set-password")
    theirs.keyboard.type(NEW_PASSWORD)
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_text("Your password is set.")).to_be_visible()
    enter(theirs, Person(admin.actor, email, NEW_PASSWORD))
    expect(theirs.get_by_role("heading", name="Triage")).to_be_visible()


def _fill(page: Page, values: dict[str, str]) -> None:
    for label, value in values.items():
        page.get_by_label(label).fill(value)


def test_a_link_that_was_used_says_so(
    open_page: Open, site: str, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """And leads to another one."""
    person = a_user()
    page = open_page(any_width)
    page.goto("/admin/login")
    page.get_by_role("link", name="Forgot your password?").click()
    look.at(page, "forgot-password")
    page.get_by_label("E-mail").fill(person.email)
    page.keyboard.press("Enter")
    expect(page.get_by_text("a link is on its way")).to_be_visible()
    link = _link(person.email, site)
    for _ in range(2):
        page.goto(link)
        page.get_by_label("New password").fill(NEW_PASSWORD)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="This link is not valid any more")).to_be_visible()
    expect(page.get_by_label("New password")).to_be_hidden()
    look.at(page, "set-password-expired")
    page.evaluate("location.hash = 'another'")
    expect(page.get_by_label("New password")).to_be_focused()
    _without(complaints, "400 ")


def test_without_scripts_the_secret_is_typed(open_page: Open, site: str) -> None:
    """It stands in the mail."""
    person = a_user()
    page = open_page(java_script_enabled=False)
    page.goto("/admin/forgot-password")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_role("button", name="Mail me a link").click()
    page.goto("/admin/set-password")
    _fill(page, {"Secret of the link": _link(person.email, site).split("#")[1], "New password": NEW_PASSWORD})
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("Your password is set.")).to_be_visible()


def test_who_must_use_a_second_factor_sets_it_up_and_signs_in_with_a_code(
    open_page: Open, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """Led there after sign-in; the next time the code is asked for once the password was right."""
    person = a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN)
    page = open_page(any_width)
    enter(page, person)
    expect(page.get_by_text("Your role must use two-factor sign-in.")).to_be_visible()
    look.at(page, "second-factor-required")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set up").click()
    look.at(page, "second-factor-qr")
    phone = pyotp.TOTP(page.locator("#secret").inner_text().replace(" ", ""))
    page.get_by_label("Six digits").fill(phone.now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(10)
    look.at(page, "recovery-codes")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Triage")).to_be_visible()
    sign_out(page)
    rewind(person)
    sign_in(page, person)
    expect(page.get_by_label("Code of your authenticator app")).to_be_focused()
    expect(page.get_by_label("Password")).to_be_hidden()
    look.at(page, "login-code")
    page.keyboard.type(phone.now())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Triage")).to_be_visible()
    _without(complaints, "401 ")


def test_without_scripts_password_and_code_are_sent_together(open_page: Open) -> None:
    """Both fields are there."""
    page = open_page(java_script_enabled=False)
    page.goto("/admin/login")
    expect(page.get_by_label("Code of your authenticator app")).to_be_visible()
    sign_in(page, a_user())
    expect(page.get_by_role("heading", name="Triage")).to_be_visible()


def test_a_session_is_ended_from_elsewhere(
    open_page: Open, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:  # fmt: skip
    """The other browser finds itself at the sign-in, and is told calmly why."""
    person = a_user()
    other, page = open_page(), open_page(any_width)
    enter(other, person)
    enter(page, person, "/admin/sessions")
    look.at(page, "sessions")
    page.get_by_role("button", name="End Chrome").click()
    expect(page.get_by_text("The session was ended.")).to_be_visible()
    other.goto("/admin/patients")
    expect(other.get_by_text("Your session is over")).to_be_visible()
    look.at(other, "login-session-over")
    complaints[:] = [one for one in complaints if not one.endswith("/admin/live")]  # the board may have asked meanwhile


def test_an_administrator_looks_after_accounts(
    open_page: Open, admin: Person, any_width: Size, look: Onlooker, complaints: list[str]
) -> None:
    """Finds somebody while typing, disables and enables them; the last administrator stays."""
    page = open_page(any_width)
    enter(page, admin, "/admin/users")
    look.at(page, "users")
    page.get_by_label("Role").select_option("nurse")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    page.get_by_role("rowheader").get_by_role("link").click()
    page.get_by_role("link", name="Disable account").click()
    look.at(page, "disable-user")
    page.get_by_role("button", name="Disable account").click()
    expect(page.get_by_text("Disabled: cannot sign in")).to_be_visible()
    page.get_by_role("button", name="Enable account").click()
    expect(page.get_by_text("Can sign in")).to_be_visible()
    page.goto(f"/admin/users/{admin.actor.user_id}/disable")
    page.get_by_role("button", name="Disable account").click()
    expect(page.get_by_role("alert").filter(has_text="last active administrator")).to_be_visible()
    look.at(page, "user-refused")
    _without(complaints, "409 ")


def test_roles_and_rules(open_page: Open, admin: Person, any_width: Size, look: Onlooker) -> None:
    """The table, and who must use a second factor."""
    page = open_page(any_width)
    enter(page, admin, "/admin/roles")
    look.at(page, "roles")
    page.get_by_role("link", name="Sign-in rules").click()
    page.get_by_label("Nurse").check()
    page.get_by_role("button", name="Save rules").click()
    expect(page.get_by_text("The rules were saved.")).to_be_visible()
    look.at(page, "policy")


def test_ones_own_account(open_page: Open, any_width: Size, look: Onlooker, complaints: list[str]) -> None:
    """Reached by keyboard through the menu; what is wrong with a password stands beside its field."""
    page = open_page(any_width)
    enter(page, a_user())
    menu = page.locator("#account-menu summary")
    menu.press("Enter")
    look.at(page, "menu")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Account", exact=True)).to_be_hidden()
    expect(menu).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    look.at(page, "account")
    _fill(page, {"Password now": PASSWORD, "New password": "too short"})
    page.keyboard.press("Enter")
    expect(page.get_by_text("Must have at least 15 characters.")).to_be_visible()
    expect(page.get_by_label("New password")).to_be_focused()
    look.at(page, "account-refused")
    _without(complaints, "400 ")

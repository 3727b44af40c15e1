"""Accounts in the console, for administrators."""

from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.admin.visits import enter, send, submit_login, token, version_on
from tests.authenticator import enrol
from tests.builders import Person, a_practice, a_user
from tests.mailbox import delivered_to, mailed_token

USERS, NEW = "/admin/users", "/admin/users/new"


def _page(person: Person, verb: str = "") -> str:
    return f"{USERS}/{person.actor.user_id}{verb}"


@pytest.fixture
def admin(client: FlaskClient) -> Person:
    """An administrator, signed in."""
    person = a_user(role=Role.ADMIN)
    enter(client, person)
    return person


@pytest.fixture
def nurse(admin: Person) -> Person:
    """A colleague."""
    return a_user(admin.actor.practice_id, Role.NURSE)


def _fields(**fields: str) -> dict[str, str]:
    basics = {"first_name": "Nia", "last_name": "Newcomer", "role": "nurse", "email": f"{uuid4().hex}@test.example"}
    return basics | fields


def test_the_list_shows_who_there_is_and_when_they_were_here(client: FlaskClient, nurse: Person) -> None:
    """Name, address, role, state, second factor, last sign-in; nobody of other practices."""
    stranger = a_user()
    page = client.get(USERS).text
    assert nurse.email in page
    assert stranger.email not in page
    assert all(text in page for text in ("Nurse", "Active", "Not within 30 days", '<time datetime="'))


@pytest.mark.parametrize(
    ("query", "is_there"),
    [("search={email}", True), ("role=nurse", True), ("role=ma", False), ("active=false", False), ("search=zz", False)],
)
def test_the_list_is_searched_and_filtered(client: FlaskClient, nurse: Person, query: str, is_there: bool) -> None:
    """By name or address, role and state."""
    page = client.get(f"{USERS}?{query.format(email=nurse.email)}").text
    assert (f'id="user-{nurse.actor.user_id}"' in page) is is_there


def test_a_new_person_is_invited_by_mail(client: FlaskClient, admin: Person) -> None:
    """Their page says that they have not come yet."""
    fields = _fields()
    answer = send(client, NEW, **fields)
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert "An invitation is on its way" in page
    assert "Invited" in page
    assert mailed_token(fields["email"])


def test_the_form_says_what_is_wrong_beside_the_field_and_keeps_the_rest(client: FlaskClient, admin: Person) -> None:
    """400, an error tied to its field."""
    answer = send(client, NEW, **_fields(email="no address", first_name="Kept"))
    assert answer.status_code == 400
    assert 'id="email-error"' in answer.text
    assert 'value="Kept"' in answer.text


def test_an_address_that_is_taken_is_said_beside_the_form(client: FlaskClient, admin: Person) -> None:
    """409."""
    answer = send(client, NEW, **_fields(email=admin.email))
    assert (answer.status_code, "An account with this e-mail address exists." in answer.text) == (409, True)


def test_names_and_role_are_changed(client: FlaskClient, nurse: Person) -> None:
    """And then shown."""
    page = _page(nurse)
    sent = _fields(email=nurse.email, role="provider", version=version_on(client, page))
    assert send(client, page, **sent).status_code == 303
    assert "Nia Newcomer" in client.get(page).text
    assert '<option value="provider" selected>' in client.get(page).text


def test_nothing_is_overwritten_unseen(client: FlaskClient, nurse: Person) -> None:
    """Of two who opened the form, the second learns of the first, and sees what stands there now."""
    page = _page(nurse)
    version = version_on(client, page)
    send(client, page, **_fields(email=nurse.email, first_name="First", version=version))
    late = send(client, page, **_fields(email=nurse.email, first_name="Second", version=version))
    assert late.status_code == 412
    assert "Somebody changed this meanwhile" in late.text
    assert 'value="First"' in late.text


@pytest.mark.parametrize("version", ["", "x", "99999999999999"])
def test_a_form_without_its_version_changes_nothing(client: FlaskClient, nurse: Person, version: str) -> None:
    """400."""
    answer = send(client, _page(nurse), **_fields(email=nurse.email, version=version))
    assert answer.status_code == 400
    assert "Nia" not in client.get(USERS).text


@pytest.mark.parametrize("change", ["disable", "role"])
def test_the_last_administrator_stays_and_the_page_says_why(client: FlaskClient, admin: Person, change: str) -> None:
    """409 with a sentence beside the form."""
    page = _page(admin)
    fields = {"version": version_on(client, page)} | (_fields(email=admin.email) if change == "role" else {})
    answer = send(client, page if change == "role" else f"{page}/disable", page, **fields)
    assert answer.status_code == 409
    assert "last active administrator" in answer.text


def test_an_account_is_disabled_after_a_question_and_enabled_again(client: FlaskClient, nurse: Person) -> None:
    """Without any script."""
    page = _page(nurse)
    assert "Disable this account?" in client.get(f"{page}/disable").text
    send(client, f"{page}/disable", version=version_on(client, page))
    assert "Disabled: cannot sign in" in client.get(page).text
    send(client, f"{page}/enable", page, version=version_on(client, page))
    assert "Can sign in" in client.get(page).text


def test_disabling_signs_the_person_out(client: FlaskClient, app: Flask, nurse: Person) -> None:
    """At once."""
    theirs = enter(app.test_client(), nurse)
    send(client, f"{_page(nurse)}/disable", version=version_on(client, _page(nurse)))
    assert theirs.get("/admin/").location.startswith("/admin/login")


def test_a_locked_account_is_unlocked(client: FlaskClient, app: Flask, nurse: Person) -> None:
    """Its page says until when it was."""
    for _ in range(5):
        submit_login(app.test_client(), nurse.email, "wrong")
    assert "Locked by failed attempts until" in client.get(_page(nurse)).text
    assert send(client, f"{_page(nurse)}/unlock", _page(nurse)).status_code == 303
    assert submit_login(app.test_client(), nurse.email, nurse.password).status_code == 303


def test_an_invitation_is_sent_again(client: FlaskClient, admin: Person) -> None:
    """A second letter, another link; not to somebody who has come already."""
    fields = _fields()
    page = send(client, NEW, **fields).location
    assert send(client, f"{page}/invite", page).status_code == 303
    assert len(set(delivered_to(fields["email"]))) == 2
    assert send(client, f"{_page(admin)}/invite", page).status_code == 409


def test_a_lost_second_factor_is_reset_after_a_question(client: FlaskClient, nurse: Person) -> None:
    """And its owner is told."""
    enrol(client, nurse)
    reset = f"{_page(nurse)}/reset-2fa"
    assert "Make sure that it is really they" in client.get(reset).text
    assert send(client, reset).status_code == 303
    assert "took the second factor off" in delivered_to(nurse.email)[-1]


def test_nobody_resets_their_own_second_factor_here(client: FlaskClient, admin: Person) -> None:
    """409: the own account has its own page, which asks for a code."""
    assert send(client, f"{_page(admin)}/reset-2fa").status_code == 409


@pytest.mark.parametrize("verb", ["", "/disable", "/enable", "/unlock", "/invite", "/reset-2fa"])
def test_s25_accounts_of_other_practices_are_not_there(client: FlaskClient, admin: Person, verb: str) -> None:
    """404, like those of nobody."""
    foreign = _page(a_user(a_practice()), verb)
    assert send(client, foreign, USERS + "/new", version="1").status_code == 404


@pytest.mark.parametrize(
    "page", [USERS, NEW, "/admin/roles", "/admin/policy", "/admin/users/1", "/admin/users/1/disable"]
)
def test_s28_others_neither_see_nor_find_accounts(client: FlaskClient, page: str) -> None:
    """403, and no link."""
    enter(client, a_user(role=Role.CLINICAL_MANAGER))
    assert client.get(page).status_code == 403
    assert "/admin/users" not in client.get("/admin/").text


@pytest.mark.parametrize("verb", ["", "/disable", "/enable", "/unlock", "/invite", "/reset-2fa"])
def test_s64_no_form_is_taken_without_its_token(client: FlaskClient, nurse: Person, verb: str) -> None:
    """403, and nothing happens."""
    assert client.post(_page(nurse, verb), data={"version": "1"}).status_code == 403
    assert token(client, NEW)
    assert client.post(NEW, data=_fields()).status_code == 403


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.PATIENT}])
def test_s28_others_change_no_account_even_with_a_token_of_their_own(client: FlaskClient, role: Role) -> None:
    """Not their own either: every form of administrators answers 403."""
    person = a_user(role=role)
    enter(client, person)
    form = {"csrf_token": token(client, "/admin/account"), "version": "1", "role": "admin"}
    verbs = ("", "/disable", "/enable", "/unlock", "/invite", "/reset-2fa")
    paths = [*(_page(person, verb) for verb in verbs), NEW, "/admin/policy"]
    assert {path: client.post(path, data=form).status_code for path in paths} == dict.fromkeys(paths, 403)

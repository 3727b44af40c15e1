"""One's own account in the console: name and password."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.visits import enter, send, submit_login, version_on
from tests.builders import PASSWORD, Person, a_user

ACCOUNT, CHANGE = "/admin/account", "/admin/account/password"
NEW_PASSWORD = "nine purple whales at dawn"


@pytest.fixture
def me(client: FlaskClient) -> Person:
    """Somebody signed in."""
    person = a_user()
    enter(client, person)
    return person


def test_one_changes_ones_own_name(client: FlaskClient, me: Person) -> None:
    """Not the address or the role, whatever is sent."""
    sent = {"first_name": "Zoe", "last_name": "Own", "role": "admin", "version": version_on(client, ACCOUNT)}
    assert send(client, ACCOUNT, **sent).status_code == 303
    page = client.get(ACCOUNT).text
    assert 'value="Zoe"' in page
    assert "Provider" in page


def test_a_blank_name_is_said_beside_its_field(client: FlaskClient, me: Person) -> None:
    """400."""
    answer = send(client, ACCOUNT, first_name=" ", last_name="Own", version=version_on(client, ACCOUNT))
    assert (answer.status_code, "Please fill this in." in answer.text) == (400, True)


def test_the_rules_of_passwords_are_told_beforehand(client: FlaskClient, me: Person) -> None:
    """How long, and what is refused."""
    assert "15 to 128 characters" in client.get(ACCOUNT).text


def test_a_new_password_ends_all_sessions_but_this(client: FlaskClient, app: Flask, me: Person) -> None:
    """The old one opens nothing any more."""
    elsewhere = enter(app.test_client(), me)
    assert send(client, CHANGE, ACCOUNT, old_password=PASSWORD, new_password=NEW_PASSWORD).status_code == 303
    assert client.get(ACCOUNT).status_code == 200
    assert elsewhere.get(ACCOUNT).location.startswith("/admin/login")
    assert submit_login(app.test_client(), me.email, NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("wrong", NEW_PASSWORD, 'id="old_password-error"'),
        (PASSWORD, "short", "Must have at least 15 characters."),
        (PASSWORD, "", 'id="new_password-error"'),
    ],
)
def test_what_is_wrong_with_it_is_said_beside_the_field(
    client: FlaskClient, me: Person, old: str, new: str, said: str
) -> None:
    """400; no password is shown again."""
    answer = send(client, CHANGE, ACCOUNT, old_password=old, new_password=new)
    assert answer.status_code == 400
    assert said in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("path", [ACCOUNT, CHANGE])
def test_s64_nothing_is_changed_without_the_forms_token(client: FlaskClient, me: Person, path: str) -> None:
    """403."""
    sent = {"first_name": "A", "version": "1", "old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert client.post(path, data=sent).status_code == 403

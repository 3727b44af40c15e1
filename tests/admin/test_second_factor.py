"""One's own second factor in the console."""

import re

import pyotp
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.domain.roles import Role
from tests.admin.visits import enter, send
from tests.authenticator import enrol
from tests.builders import PASSWORD, Person, a_practice, a_user

PAGE, VERIFY, DISABLE = (f"/admin/account/second-factor{verb}" for verb in ("", "/verify", "/disable"))
_SECRET = re.compile(r'id="secret">([A-Z2-7 ]+)<')


@pytest.fixture
def me(client: FlaskClient) -> Person:
    """An administrator who must set it up."""
    person = a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN)
    enter(client, person)
    return person


def _secret(page: TestResponse) -> str:
    found = _SECRET.search(page.text)
    assert found is not None
    return found[1].replace(" ", "")


def test_it_is_set_up_with_a_picture_or_a_text(client: FlaskClient, me: Person) -> None:
    """The secret stands in groups; a code of it turns it on and shows ten recovery codes, once."""
    page = send(client, PAGE, password=PASSWORD)
    assert "<svg" in page.text
    done = send(client, VERIFY, PAGE, code=pyotp.TOTP(_secret(page)).now())
    assert len(re.findall(r"<li><code>[a-z2-9-]{27}</code>", done.text)) == 10
    assert client.get("/admin/users").status_code == 200
    assert "<li><code>" not in client.get(PAGE).text


def test_a_wrong_password_shows_no_secret(client: FlaskClient, me: Person) -> None:
    """400, beside the field."""
    answer = send(client, PAGE, password="wrong")
    assert answer.status_code == 400
    assert 'id="password-error"' in answer.text
    assert _SECRET.search(answer.text) is None


@pytest.mark.parametrize("code", ["", "12345", "abcdef"])
def test_a_code_that_is_none_is_asked_for_again(client: FlaskClient, me: Person, code: str) -> None:
    """Without counting as a guess; nothing is turned on."""
    send(client, PAGE, password=PASSWORD)
    answer = send(client, VERIFY, PAGE, code=code)
    assert (answer.status_code, 'id="code-error"' in answer.text) == (400, True)
    assert client.get("/admin/users").location == PAGE


def test_a_role_that_must_use_it_cannot_turn_it_off(client: FlaskClient, me: Person) -> None:
    """403, beside the form."""
    phone = enrol(client, me)
    answer = send(client, DISABLE, PAGE, password=PASSWORD, code=phone.code())
    assert (answer.status_code, "Your role must use two-factor sign-in." in answer.text) == (403, True)


@pytest.mark.parametrize("kind", ["code", "recovery_code"])
def test_anybody_else_turns_it_off_with_password_and_code(client: FlaskClient, kind: str) -> None:
    """Of the app, or a recovery code."""
    person = a_user()
    enter(client, person)
    phone = enrol(client, person)
    proof = {"code": phone.code(), "recovery_code": phone.recovery_codes[0]}
    assert send(client, DISABLE, PAGE, password=PASSWORD, **{kind: proof[kind]}).status_code == 303
    assert "Set up" in client.get(PAGE).text


def test_turning_it_off_needs_a_code(client: FlaskClient) -> None:
    """The password alone is not enough."""
    person = a_user()
    enter(client, person)
    enrol(client, person)
    assert send(client, DISABLE, PAGE, password=PASSWORD, code="").status_code == 400
    assert "Turn it off" in client.get(PAGE).text


@pytest.mark.parametrize("path", [PAGE, VERIFY, DISABLE])
def test_s64_nothing_happens_without_the_forms_token(client: FlaskClient, me: Person, path: str) -> None:
    """403."""
    assert client.post(path, data={"password": PASSWORD, "code": "123456"}).status_code == 403

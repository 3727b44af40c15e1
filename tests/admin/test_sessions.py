"""One's own sessions in the console."""

import re
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.visits import enter, send
from tests.builders import Person, a_user, signed_in

SESSIONS = "/admin/sessions"
_END = re.compile(r'action="(/admin/sessions/[0-9a-f-]{36}/end)"')


@pytest.fixture
def me(client: FlaskClient) -> Person:
    """Somebody signed in."""
    person = a_user()
    enter(client, person)
    return person


def _others(client: FlaskClient) -> list[str]:
    return _END.findall(client.get(SESSIONS).text)


def test_this_browser_and_programs_are_listed(client: FlaskClient, app: Flask, me: Person) -> None:
    """With address and kind; this one cannot be ended here by mistake."""
    signed_in(app.test_client(), me)
    page = client.get(SESSIONS).text
    assert all(text in page for text in ("This one", "API", "Console", "127.0.0.1"))
    assert len(_others(client)) == 1


def test_one_session_is_ended(client: FlaskClient, app: Flask, me: Person) -> None:
    """A program's token is worth nothing at its next request."""
    headers = signed_in(app.test_client(), me)
    assert send(client, _others(client)[0], SESSIONS).status_code == 303
    assert client.get("/api/v1/auth/me/", headers=headers).status_code == 401
    assert client.get(SESSIONS).status_code == 200


def test_all_others_are_ended(client: FlaskClient, app: Flask, me: Person) -> None:
    """Browsers and programs; this one stays."""
    elsewhere, headers = enter(app.test_client(), me), signed_in(app.test_client(), me)
    assert send(client, f"{SESSIONS}/end-others", SESSIONS).status_code == 303
    assert elsewhere.get(SESSIONS).location.startswith("/admin/login")
    assert client.get("/api/v1/auth/me/", headers=headers).status_code == 401
    assert "This one" in client.get(SESSIONS).text


def test_s25_nobody_ends_anothers_session(client: FlaskClient, app: Flask, me: Person) -> None:
    """404, like one that is not there; the other stays signed in."""
    stranger = a_user()
    theirs = enter(app.test_client(), stranger)
    signed_in(app.test_client(), stranger)
    foreign = _others(theirs)[0]
    assert send(client, foreign, SESSIONS).status_code == 404
    assert send(client, f"{SESSIONS}/{uuid4()}/end", SESSIONS).status_code == 404
    assert _others(theirs) == [foreign]


def test_s64_no_session_ends_without_the_forms_token(client: FlaskClient, app: Flask, me: Person) -> None:
    """403."""
    elsewhere = enter(app.test_client(), me)
    paths = [*_others(client), f"{SESSIONS}/end-others"]
    assert [client.post(path).status_code for path in paths] == [403, 403]
    assert elsewhere.get(SESSIONS).status_code == 200

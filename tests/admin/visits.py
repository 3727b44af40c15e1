"""Visiting the console as a browser does: with cookies, forms and their tokens."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders import Person

LOGIN = "/admin/login"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')


def token(client: FlaskClient, path: str = LOGIN, base_url: str = "http://localhost") -> str:
    """Return the token of a page's form."""
    found = _TOKEN.search(client.get(path, base_url=base_url).text)
    assert found is not None
    return found[1]


def submit_login(
    client: FlaskClient, email: str, password: str, base_url: str = "http://localhost", **fields: Any
) -> TestResponse:
    """Fill in the login form and send it."""
    form = {"csrf_token": token(client, base_url=base_url), "email": email, "password": password, **fields}
    return client.post(LOGIN, data=form, base_url=base_url)


def enter(client: FlaskClient, person: Person) -> FlaskClient:
    """Sign in to the console; the client keeps the cookie."""
    answer = submit_login(client, person.email, person.password)
    assert answer.status_code == 303, answer.text
    return client


def send(client: FlaskClient, path: str, form_at: str | None = None, **fields: Any) -> TestResponse:
    """Send the form of a page, found there itself unless told otherwise."""
    return client.post(path, data={"csrf_token": token(client, form_at or path), **fields})


def version_on(client: FlaskClient, path: str) -> str:
    """Return the version that a page's form was made from."""
    found = _VERSION.search(client.get(path).text)
    assert found is not None
    return found[1]

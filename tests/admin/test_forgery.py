"""What another site may not do in a signed-in person's name."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.visits import enter, token
from tests.builders import a_user

OUT = "/admin/logout"


def test_s64_a_form_without_its_token_is_refused(client: FlaskClient) -> None:
    """403 with a page that says what to do; nobody is signed out."""
    enter(client, a_user())
    answer = client.post(OUT)
    assert answer.status_code == 403
    assert "reload it and try again" in answer.text
    assert client.get("/admin/patients").status_code == 200


def test_s64_the_login_form_needs_its_token_too(client: FlaskClient) -> None:
    """Or another site could sign a person in as somebody else."""
    doctor = a_user()
    assert client.post("/admin/login", data={"email": doctor.email, "password": doctor.password}).status_code == 403


def test_s64_anothers_token_is_worth_nothing(client: FlaskClient, app: Flask) -> None:
    """A token belongs to one console session."""
    enter(client, a_user())
    foreign = token(enter(app.test_client(), a_user()), "/admin/patients")
    assert client.post(OUT, data={"csrf_token": foreign}).status_code == 403


def test_the_token_survives_the_loss_of_its_own_cookie(client: FlaskClient) -> None:
    """It is bound to the console session, so a second tab cannot spoil the first one's forms."""
    enter(client, a_user())
    mine = token(client, "/admin/patients")
    client.delete_cookie("vantrexia_dev_form")
    assert client.post(OUT, data={"csrf_token": mine}).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
        ({"Referer": "http://localhost/admin/patients"}, 303),
        ({"Referer": "https://evil.example/localhost"}, 403),
        ({}, 303),
    ],
)
def test_s64_a_request_from_another_site_is_refused_even_with_a_token(
    client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    """The browser's own word counts first, then Origin, then Referer."""
    enter(client, a_user())
    form = {"csrf_token": token(client, "/admin/patients")}
    assert client.post(OUT, data=form, headers=headers).status_code == status


def test_who_is_not_signed_in_is_sent_to_the_login_not_scolded(client: FlaskClient) -> None:
    """A form left open until the session was over."""
    assert client.post(OUT).location == "/admin/login"

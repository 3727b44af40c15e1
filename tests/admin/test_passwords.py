"""Choosing a password with a mailed link, before one can sign in."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.domain.roles import Role
from config import Settings
from tests.admin.visits import enter, send, submit_login, token
from tests.builders import a_user
from tests.mailbox import delivered_to, mailed_token

FORGOT, SET = "/admin/forgot-password", "/admin/set-password"
NEW_PASSWORD = "nine purple whales at dawn"


def test_s11_the_answer_is_the_same_whether_there_is_an_account_or_not(client: FlaskClient) -> None:
    """Only the mailbox knows."""
    known = a_user().email
    answers = [
        client.post(FORGOT, data={"csrf_token": token(client, FORGOT), "email": email}, follow_redirects=True)
        for email in (known, f"un{known}")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("If an account with this address exists" in answer.text for answer in answers)
    assert (len(delivered_to(known)), delivered_to(f"un{known}")) == (1, [])


def test_the_mailed_link_sets_a_password_once(client: FlaskClient) -> None:
    """Then it says that it was used, and how to get another."""
    person = a_user()
    send(client, FORGOT, email=person.email)
    secret = mailed_token(person.email)
    assert send(client, SET, token=secret, password=NEW_PASSWORD).location == "/admin/login"
    again = send(client, SET, token=secret, password=NEW_PASSWORD)
    assert again.status_code == 400
    assert '<div id="expired">' in again.text
    assert FORGOT in again.text


def test_an_invited_person_chooses_a_password_and_signs_in(client: FlaskClient, app: Flask) -> None:
    """The same page for both kinds of mail."""
    fields = {"email": "invited@test.example", "first_name": "In", "last_name": "Vited", "role": "nurse"}
    send(enter(app.test_client(), a_user(role=Role.ADMIN)), "/admin/users/new", **fields)
    secret = mailed_token(fields["email"])
    assert send(client, SET, token=secret, password=NEW_PASSWORD).status_code == 303
    assert submit_login(client, fields["email"], NEW_PASSWORD).status_code == 303


def test_a_password_that_is_refused_leaves_the_link_good(client: FlaskClient) -> None:
    """The form keeps the secret, says what is wrong, and shows no password."""
    person = a_user()
    send(client, FORGOT, email=person.email)
    secret = mailed_token(person.email)
    refused = send(client, SET, token=secret, password="password")
    assert "Must have at least 15 characters." in refused.text
    assert f'value="{secret}"' in refused.text
    assert send(client, SET, token=secret, password=NEW_PASSWORD).status_code == 303


@pytest.mark.parametrize("secret", ["", "x", "0.0", "00000000000070008000000000000000.made-up", "\x00"])
def test_a_made_up_secret_sets_nothing(client: FlaskClient, secret: str) -> None:
    """400."""
    assert send(client, SET, token=secret, password=NEW_PASSWORD).status_code == 400


def test_who_follows_a_mailed_link_may_be_signed_in_already(client: FlaskClient) -> None:
    """The strict cookie does not come with the first request, but with the form."""
    person = a_user()
    send(client, FORGOT, email=person.email)
    secret = mailed_token(person.email)
    enter(client, person)
    cookie = client.get_cookie("vantrexia_dev").value
    client.delete_cookie("vantrexia_dev")
    form = {"csrf_token": token(client, SET), "token": secret, "password": NEW_PASSWORD}
    client.set_cookie("vantrexia_dev", cookie)
    assert client.post(SET, data=form).status_code == 303


@pytest.mark.parametrize("path", [FORGOT, SET])
def test_s64_neither_form_is_taken_without_its_token(client: FlaskClient, path: str) -> None:
    """403."""
    form = {"email": "a@test.example", "token": "x", "password": NEW_PASSWORD}
    assert client.post(path, data=form).status_code == 403


@pytest.mark.parametrize("path", [FORGOT, SET])
def test_s18_guessing_meets_the_limit_of_sign_ins(app: Flask, settings: Settings, path: str) -> None:
    """Counted by address, with the login."""
    client = create_app(replace(settings, ratelimits={**settings.ratelimits, "auth": "2/minute"})).test_client()
    form = {"csrf_token": token(client, path), "email": "", "token": "", "password": ""}
    answers = [client.post(path, data=form).status_code for _ in range(3)]
    create_app(settings)
    assert answers == [400, 400, 429]


def test_the_login_page_leads_there(client: FlaskClient) -> None:
    """For those who forgot."""
    assert FORGOT in client.get("/admin/login").text

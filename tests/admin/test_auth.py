"""Signing in to the console and out of it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.domain.roles import Role
from config import Settings
from tests.admin.visits import enter, submit_login, token
from tests.authenticator import enrol
from tests.builders import a_patient, a_practice, a_user

SITE = "https://rpm.example"


def test_the_right_password_leads_to_the_board(client: FlaskClient) -> None:
    """Post, redirect, get."""
    doctor = a_user()
    answer = submit_login(client, doctor.email, doctor.password)
    assert (answer.status_code, answer.location) == (303, "/admin/")
    assert "Who needs help first" in client.get("/admin/").text


def test_a_wrong_password_is_said_on_the_form_which_keeps_the_address_and_not_the_password(client: FlaskClient) -> None:
    """One answer for every kind of wrong."""
    doctor = a_user()
    answer = submit_login(client, doctor.email, "wrong-guess")
    assert answer.status_code == 401
    assert "Unable to log in with provided credentials." in answer.text
    assert f'value="{doctor.email}"' in answer.text
    assert "wrong-guess" not in answer.text


def test_a_blank_form_is_asked_again(client: FlaskClient) -> None:
    """400, not a guess."""
    assert submit_login(client, "", "").status_code == 400


def test_the_sixth_try_meets_a_locked_account(client: FlaskClient) -> None:
    """Even with the right password; the form says for how long."""
    doctor = a_user()
    for _ in range(5):
        submit_login(client, doctor.email, "wrong")
    answer = submit_login(client, doctor.email, doctor.password)
    assert answer.status_code == 423
    assert "Try again in 30 minutes." in answer.text


def test_a_patient_cannot_use_the_console(client: FlaskClient) -> None:
    """Their password is right, their role is not; no session is opened."""
    doctor = a_user()
    patient = a_patient(doctor.actor)
    person = a_user(doctor.actor.practice_id, Role.PATIENT, patient.id)
    answer = submit_login(client, person.email, person.password)
    assert answer.status_code == 403
    assert client.get_cookie("vantrexia_dev") is None


def test_who_is_signed_in_does_not_see_the_form_again(client: FlaskClient) -> None:
    """The login page sends them on."""
    answer = enter(client, a_user()).get("/admin/login")
    assert (answer.status_code, answer.location) == (302, "/admin/")


def test_s63_signing_in_again_ends_the_session_before(client: FlaskClient, app: Flask) -> None:
    """One browser, one session, even when the accounts belong to different practices."""
    second = a_user()
    old = enter(client, a_user()).get_cookie("vantrexia_dev").value
    form = {"csrf_token": token(client, "/admin/patients"), "email": second.email, "password": second.password}
    assert client.post("/admin/login", data=form).status_code == 303
    thief = app.test_client()
    thief.set_cookie("vantrexia_dev", old)
    assert thief.get("/admin/patients").status_code == 302


def test_s68_logging_out_ends_the_session_on_the_server_and_in_the_browser(client: FlaskClient, app: Flask) -> None:
    """A copied cookie is worth nothing afterwards."""
    enter(client, a_user())
    copied = client.get_cookie("vantrexia_dev").value
    answer = client.post("/admin/logout", data={"csrf_token": token(client, "/admin/patients")})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie("vantrexia_dev") is None
    thief = app.test_client()
    thief.set_cookie("vantrexia_dev", copied)
    assert thief.get("/admin/patients").status_code == 302


@pytest.mark.parametrize("idle", [True, False])
def test_the_login_page_says_why_one_is_there(client: FlaskClient, idle: bool) -> None:
    """Signed out, or gone for too long."""
    enter(client, a_user())
    form = {"csrf_token": token(client, "/admin/patients")} | ({"idle": "1"} if idle else {})
    page = client.post("/admin/logout", data=form, follow_redirects=True).text
    assert ("15 minutes without activity" if idle else "You are signed out.") in page


def test_who_is_not_signed_in_comes_back_to_the_page_they_wanted(client: FlaskClient) -> None:
    """With its query."""
    answer = client.get("/admin/patients?search=doe")
    assert answer.location == "/admin/login?next=/admin/patients?search%3Ddoe"
    doctor = a_user()
    answer = submit_login(client, doctor.email, doctor.password, next="/admin/patients?search=doe")
    assert answer.location == "/admin/patients?search=doe"


@pytest.mark.parametrize(
    "target", ["https://evil.example/admin/", "//evil.example/admin/", "/\\evil.example", "/api/v1/"]
)
def test_no_login_leads_anywhere_else(client: FlaskClient, target: str) -> None:
    """No open redirect."""
    doctor = a_user()
    assert submit_login(client, doctor.email, doctor.password, next=target).location == "/admin/"


def test_htmx_is_told_to_leave_the_page_when_the_session_is_over(client: FlaskClient) -> None:
    """The login form must not be swapped into the board."""
    answer = client.get("/admin/?risk_level=critical", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/admin/login?next=/admin/?risk_level%3Dcritical"


def test_a_link_from_another_site_asks_again_from_our_own(client: FlaskClient) -> None:
    """The strict cookie is not sent with it, though the person may be signed in."""
    answer = client.get("/admin/patients", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/admin/login?next=/admin/patients"' in answer.text


def test_s63_the_cookies_are_for_this_browser_and_this_site_only(client: FlaskClient) -> None:
    """On a developer's machine, without TLS, all but Secure."""
    doctor = a_user()
    cookies = submit_login(client, doctor.email, doctor.password).headers.getlist("Set-Cookie")
    mine = next(cookie for cookie in cookies if cookie.startswith("vantrexia_dev="))
    assert mine.endswith("; HttpOnly; Path=/; SameSite=Strict")


@pytest.fixture
def production(settings: Settings, app: Flask) -> Iterator[FlaskClient]:
    """A client of the application as production runs it: not on loopback, behind TLS."""
    yield create_app(replace(settings, app_env="production", host="0.0.0.0")).test_client()
    create_app(settings)


def test_s63_in_production_both_cookies_are_bound_to_host_and_tls(production: FlaskClient) -> None:
    """`__Host-` means: Secure, this host alone, the whole of it."""
    doctor = a_user()
    in_form = production.get("/admin/login", base_url=SITE)
    entered = submit_login(production, doctor.email, doctor.password, base_url=SITE)
    flags = "; Secure; HttpOnly; Path=/; SameSite=Strict"
    assert _cookie(in_form, "__Host-vantrexia-form").endswith(flags)
    assert _cookie(entered, "__Host-vantrexia").endswith(flags)


def test_s63_in_production_a_developers_cookie_opens_nothing(production: FlaskClient) -> None:
    """The same value under the unprefixed name is not even looked at."""
    doctor = a_user()
    entered = submit_login(production, doctor.email, doctor.password, base_url=SITE)
    value = _cookie(entered, "__Host-vantrexia").partition("=")[2].partition(";")[0]
    production.delete_cookie("__Host-vantrexia", domain="rpm.example")
    production.set_cookie("vantrexia_dev", value, domain="rpm.example")
    assert production.get("/admin/patients", base_url=SITE).status_code == 302


def _cookie(answer: TestResponse, name: str) -> str:
    return next(cookie for cookie in answer.headers.getlist("Set-Cookie") if cookie.startswith(f"{name}="))


def test_s15_the_console_asks_for_the_second_factor_as_well(client: FlaskClient) -> None:
    """The password alone does not open it; a code of the app or a recovery code beside it does."""
    person = a_user()
    phone = enrol(client, person)
    alone = submit_login(client, person.email, person.password)
    assert (alone.status_code, "A two-factor code is required" in alone.text) == (401, True)
    assert submit_login(client, person.email, person.password, code=phone.code()).status_code == 303


def test_s15_the_console_shows_nothing_to_who_must_set_up_a_second_factor(client: FlaskClient) -> None:
    """No patient, no board, no accounts: every page leads to the one that sets it up, and no link says otherwise."""
    enter(client, a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN))
    led_to = {client.get(f"/admin/{page}").location for page in ("", "patients", "users", "sessions", "audit")}
    assert led_to == {"/admin/account/second-factor"}
    page = client.get("/admin/account/second-factor").text
    assert "Your role must use two-factor sign-in" in page
    assert "/admin/patients" not in page


def test_htmx_too_leaves_for_the_page_that_sets_the_second_factor_up(client: FlaskClient) -> None:
    """Not into a part of the page."""
    enter(client, a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN))
    answer = client.get("/admin/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, "/admin/account/second-factor")


def test_a_recovery_code_has_a_field_of_its_own(client: FlaskClient) -> None:
    """And works once."""
    person = a_user()
    phone = enrol(client, person)
    answers = [
        submit_login(client, person.email, person.password, recovery_code=phone.recovery_codes[0]).status_code,
        client.post("/admin/logout", data={"csrf_token": token(client, "/admin/patients")}).status_code,
        submit_login(client, person.email, person.password, recovery_code=phone.recovery_codes[0]).status_code,
    ]
    assert answers == [303, 303, 401]


def test_a_code_may_be_typed_in_two_groups_as_apps_show_it(client: FlaskClient) -> None:
    """123 456."""
    person = a_user()
    code = enrol(client, person).code()
    assert submit_login(client, person.email, person.password, code=f"{code[:3]} {code[3:]}").status_code == 303


def test_a_wrong_code_is_asked_for_again_and_not_the_password(client: FlaskClient) -> None:
    """The page says which step it is at."""
    person = a_user()
    phone = enrol(client, person)
    page = submit_login(client, person.email, person.password, code=phone.wrong_code()).text
    assert "The two-factor code is not valid." in page
    assert "data-asks-code" in page


def test_s67_the_login_page_says_that_a_session_is_over(client: FlaskClient) -> None:
    """Calmly, to a browser that still shows its cookie."""
    enter(client, a_user())
    client.set_cookie("vantrexia_dev", client.get_cookie("vantrexia_dev").value + "x")
    assert "Your session is over" in client.get("/admin/patients", follow_redirects=True).text
    client.delete_cookie("vantrexia_dev")
    assert "Your session is over" not in client.get("/admin/login").text

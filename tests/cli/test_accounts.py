"""Commands that make and rescue accounts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.authenticator import enrol, log_in
from tests.builders import a_user, signed_in

_NUMBERS = iter(range(100))
PASSWORD = "nine purple whales at dawn"


def _create_admin(app: Flask, password: str | None) -> tuple[int, str, str]:
    email = f"first{next(_NUMBERS)}@clinic.example"
    options = ["--practice", "Hilltop Clinic", "--email", email, "--first-name", "Ada", "--last-name", "Byron"]
    options += [] if password is None else ["--password", password]
    done = app.test_cli_runner().invoke(args=["create-admin", *options])
    return done.exit_code, done.output, email


def test_the_first_administrator_can_sign_in_and_must_set_up_a_second_factor(app: Flask, client: FlaskClient) -> None:
    """S15: by default, for administrators."""
    code, _, email = _create_admin(app, PASSWORD)
    answer = client.post("/api/v1/auth/login/", json={"email": email, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json['access']}"}
    assert (code, answer.status_code) == (0, 200)
    assert client.get("/api/v1/patients/", headers=headers).json["code"] == "totp_setup_required"


def test_s90_the_first_administrator_chooses_the_password_by_a_link_that_works_once(
    app: Flask, client: FlaskClient
) -> None:
    """No password is ever set for them."""
    _, output, email = _create_admin(app, None)
    token = output.partition("#")[2].split()[0]
    body = {"token": token, "password": PASSWORD}
    answers = [client.post("/api/v1/auth/password/reset/confirm/", json=body).status_code for _ in range(2)]
    login = client.post("/api/v1/auth/login/", json={"email": email, "password": PASSWORD})
    assert (answers, login.status_code) == ([204, 400], 200)


@pytest.mark.parametrize("password", ["fourteen chars", "passwordpassword", "Hilltop Clinic1", "x" * 129])
def test_s16_the_rules_hold_at_the_command_line(app: Flask, password: str) -> None:
    """Nothing is created then."""
    code, output, _ = _create_admin(app, password)
    assert (code, "The password is refused." in output) == (1, True)


def test_the_operator_rescues_an_administrator_whom_nobody_else_can_help(app: Flask, client: FlaskClient) -> None:
    """Sessions end; the password alone signs in again."""
    person = a_user()
    headers = signed_in(client, person)
    enrol(client, person, headers)
    done = app.test_cli_runner().invoke(args=["reset-second-factor", "--email", person.email])
    assert (done.exit_code, log_in(client, person).status_code) == (0, 200)
    assert client.get("/api/v1/auth/me/", headers=headers).status_code == 401

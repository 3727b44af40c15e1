"""Commands that make and rescue accounts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.authenticator import enrol, log_in
from tests.builders import a_user, signed_in

_NUMBERS = iter(range(100))
PASSWORD = "nine purple whales at dawn"


def _create_admin(app: Flask, password: str) -> tuple[int, str, str]:
    email = f"first{next(_NUMBERS)}@clinic.example"
    options = ["--practice", "Hilltop Clinic", "--email", email, "--first-name", "Ada", "--last-name", "Byron"]
    done = app.test_cli_runner().invoke(args=["create-admin", *options, "--password", password])
    return done.exit_code, done.output, email


def test_the_first_administrator_can_sign_in_and_must_set_up_a_second_factor(app: Flask, client: FlaskClient) -> None:
    """S15: by default, for administrators."""
    code, _, email = _create_admin(app, PASSWORD)
    answer = client.post("/api/v1/auth/login/", json={"email": email, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {answer.json['access']}"}
    assert (code, answer.status_code) == (0, 200)
    assert client.get("/api/v1/patients/", headers=headers).json["code"] == "totp_setup_required"


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

"""Two-factor sign-in, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.domain.roles import Role
from tests.authenticator import DISABLE, SETUP, VERIFY, enrol, log_in, rewind
from tests.builders import a_practice, a_user, signed_in
from tests.mailbox import delivered_to, mailed_token

CHANGE, RESET, CONFIRM = (f"/api/v1/auth/password/{name}/" for name in ("change", "reset", "reset/confirm"))
ME = "/api/v1/auth/me/"
SHORT = "kxq 7 zebra"


def test_setting_up_answers_a_secret_as_text_address_and_picture(client: FlaskClient) -> None:
    """At least 160 bits; nothing changes yet."""
    person = a_user()
    headers = signed_in(client, person)
    body = client.post(SETUP, json={"password": person.password}, headers=headers).json
    assert (body.keys(), len(body["secret"])) == ({"secret", "otpauth_uri", "qr_svg"}, 32)
    assert (body["otpauth_uri"][:25], body["qr_svg"][:4]) == ("otpauth://totp/Vantrexia:", "<svg")
    assert log_in(client, person).status_code == 200


def test_a_verified_code_turns_it_on_and_gives_ten_recovery_codes(client: FlaskClient) -> None:
    """From then on a login needs a code."""
    person = a_user()
    phone = enrol(client, person)
    asked, right = log_in(client, person), log_in(client, person, totp_code=phone.code())
    assert len(set(phone.recovery_codes)) == 10
    assert (asked.status_code, asked.json["code"]) == (401, "totp_required")
    assert (right.status_code, right.json["user"]["is_2fa_enabled"]) == (200, True)


def test_the_owner_is_told_by_mail(client: FlaskClient) -> None:
    """Should it not have been them."""
    person = a_user()
    enrol(client, person)
    assert "turned on" in delivered_to(person.email)[-1]


@pytest.mark.parametrize(("body", "field"), [({"password": "wrong"}, "password"), ({}, "password")])
def test_setting_up_needs_the_password(client: FlaskClient, body: dict[str, str], field: str) -> None:
    """An unattended screen is not enough."""
    answer = client.post(SETUP, json=body, headers=signed_in(client, a_user()))
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [field])


def test_s13_a_code_works_once(client: FlaskClient) -> None:
    """Whoever looks over a shoulder is too late."""
    person = a_user()
    code = enrol(client, person).code()
    answers = [log_in(client, person, totp_code=code) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[1].json["code"] == "totp_invalid"


def test_s13_a_code_works_once_in_ten_parallel_logins(app: Flask, client: FlaskClient) -> None:
    """The last accepted step moves on atomically."""
    person = a_user()
    code = enrol(client, person).code()
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: log_in(app.test_client(), person, totp_code=code).status_code, range(10)))
    assert statuses.count(200) == 1


def test_the_code_before_is_accepted_and_the_one_before_that_is_not(client: FlaskClient) -> None:
    """Thirty seconds for slow fingers."""
    person = a_user()
    app = pyotp.TOTP(enrol(client, person).secret)
    step = int(pyotp.TOTP(app.secret).timecode(datetime.now(UTC)))
    assert log_in(client, person, totp_code=app.generate_otp(step - 2)).status_code == 401
    assert log_in(client, person, totp_code=app.generate_otp(step - 1)).status_code == 200


def test_s14_wrong_codes_count_into_the_lockout(client: FlaskClient) -> None:
    """Five guesses, then silence, though the password is right."""
    person = a_user()
    phone = enrol(client, person)
    wrong = [log_in(client, person, totp_code=phone.wrong_code()) for _ in range(5)]
    locked = log_in(client, person, totp_code=phone.code())
    assert [answer.json["code"] for answer in wrong] == ["totp_invalid"] * 5
    assert (locked.status_code, locked.json["code"]) == (423, "account_locked")


def test_s14_half_a_login_between_guesses_does_not_reset_the_count(client: FlaskClient) -> None:
    """Only a whole login does."""
    person = a_user()
    phone = enrol(client, person)
    for _ in range(5):
        log_in(client, person)
        log_in(client, person, totp_code=phone.wrong_code())
    assert log_in(client, person).status_code == 423


def test_s14_an_idempotency_key_does_not_hide_guesses_from_the_count(client: FlaskClient) -> None:
    """What is rolled back for others is kept here."""
    person = a_user()
    headers = signed_in(client, person)
    tries = [
        client.post(SETUP, json={"password": "wrong"}, headers={**headers, "Idempotency-Key": f"k{n}"}).status_code
        for n in range(6)
    ]
    assert tries == [400] * 5 + [423]


def test_a_recovery_code_opens_once_however_it_is_typed(client: FlaskClient) -> None:
    """For the day the phone is lost."""
    person = a_user()
    code = enrol(client, person).recovery_codes[3]
    first = log_in(client, person, recovery_code=f" {code.upper().replace('-', ' ')}")
    assert (first.status_code, log_in(client, person, recovery_code=code).status_code) == (200, 401)
    assert "recovery code was used" in delivered_to(person.email)[-1]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"totp_code": "12345"}, "totp_code"),
        ({"totp_code": "１２３４５６"}, "totp_code"),  # noqa: RUF001 - full-width digits
        ({"totp_code": "123456", "recovery_code": "x"}, "recovery_code"),
    ],
)
def test_a_code_is_six_plain_digits_and_one_proof_is_enough(
    client: FlaskClient, fields: dict[str, str], named: str
) -> None:
    """Otherwise 400 with the field."""
    answer = log_in(client, a_user(), **fields)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, [named])


def test_turning_it_off_needs_password_and_code(client: FlaskClient) -> None:
    """Then a password alone signs in again."""
    person = a_user()
    headers = signed_in(client, person)
    phone = enrol(client, person, headers)
    wrong = client.post(DISABLE, json={"password": person.password, "code": phone.wrong_code()}, headers=headers)
    right = client.post(DISABLE, json={"password": person.password, "code": phone.code()}, headers=headers)
    assert (wrong.status_code, right.status_code, log_in(client, person).status_code) == (400, 204, 200)


def test_a_role_that_must_have_it_cannot_turn_it_off(client: FlaskClient) -> None:
    """The practice decides."""
    person = a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN)
    headers = signed_in(client, person)
    phone = enrol(client, person, headers)
    answer = client.post(DISABLE, json={"password": person.password, "code": phone.code()}, headers=headers)
    assert answer.status_code == 403


def test_a_password_that_is_short_beside_a_second_factor_keeps_it_on(client: FlaskClient) -> None:
    """Eight characters are enough only beside one."""
    person = a_user()
    headers = signed_in(client, person)
    phone = enrol(client, person, headers)
    changed = client.post(CHANGE, json={"old_password": person.password, "new_password": SHORT}, headers=headers)
    fresh = {"Authorization": f"Bearer {changed.json['access']}"}
    answer = client.post(DISABLE, json={"password": SHORT, "code": phone.code()}, headers=fresh)
    assert (changed.status_code, answer.status_code) == (200, 409)


def test_s15_who_must_set_it_up_can_do_nothing_else(client: FlaskClient) -> None:
    """One's account, setting up, logging out; nothing with a patient in it."""
    person = a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN)
    headers = signed_in(client, person)
    refused = [
        client.get(f"/api/v1/{path}/", headers=headers) for path in ("patients", "auth/users", "triage/patients")
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in refused] == [(403, "totp_setup_required")] * 3
    assert client.get(ME, headers=headers).status_code == 200


def test_s15_setting_it_up_opens_the_rest_in_the_same_session(client: FlaskClient) -> None:
    """At the next request."""
    person = a_user(a_practice(require_2fa_for=[Role.ADMIN]), Role.ADMIN)
    headers = signed_in(client, person)
    enrol(client, person, headers)
    assert client.get("/api/v1/patients/", headers=headers).status_code == 200


def test_s15_a_password_reset_does_not_bypass_it(client: FlaskClient) -> None:
    """A mailbox is one factor."""
    person = a_user()
    phone = enrol(client, person)
    client.post(RESET, json={"email": person.email})
    body = {"token": mailed_token(person.email), "password": "a whole new pass phrase"}
    assert client.post(CONFIRM, json=body).status_code == 204
    login = {"email": person.email, "password": body["password"]}
    asked = client.post("/api/v1/auth/login/", json=login)
    rewind(person)
    assert (asked.status_code, asked.json["code"]) == (401, "totp_required")
    assert client.post("/api/v1/auth/login/", json={**login, "totp_code": phone.code()}).status_code == 200


def test_verifying_without_a_setup_or_twice_is_a_conflict(client: FlaskClient) -> None:
    """There is nothing to verify."""
    person = a_user()
    headers = signed_in(client, person)
    before = client.post(VERIFY, json={"code": "123456"}, headers=headers)
    phone = enrol(client, person, headers)
    after = client.post(VERIFY, json={"code": phone.code()}, headers=headers)
    assert (before.status_code, after.status_code) == (409, 409)

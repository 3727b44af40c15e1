"""Tokens and lockout when somebody attacks them, from outside."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app import create_app
from app.extensions import db
from app.models import AuditEvent, LoginAttempt, TokenFamily
from app.services.transaction import transaction
from config import ROOT, Settings
from tests.builders import Person, a_user, in_house

LOGIN, REFRESH, ME = (f"/api/v1/auth/{name}/" for name in ("login", "token/refresh", "me"))


def _log_in(client: FlaskClient, person: Person, password: str | None = None) -> Any:
    return client.post(LOGIN, json={"email": person.email, "password": password or person.password})


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _refresh(client: FlaskClient, token: str) -> Any:
    return client.post(REFRESH, json={"refresh": token})


def _issued_ago(app: Flask, access: str, seconds: int) -> str:
    """Return the token as it would be had it been issued earlier."""
    key = app.config["SETTINGS"].jwt_secret_keys[0]
    header, claims = jwt.get_unverified_header(access), jwt.decode(access, options={"verify_signature": False})
    moved = {name: claims[name] - seconds for name in ("iat", "nbf", "exp")}
    return jwt.encode({**claims, **moved}, key, "HS256", header)


@pytest.mark.parametrize(("seconds", "status", "code"), [(898, 200, None), (901, 401, "token_expired")])
def test_s01_an_access_token_ends_after_fifteen_minutes_to_the_second(
    app: Flask, client: FlaskClient, seconds: int, status: int, code: str | None
) -> None:
    """14:58 and 15:01."""
    old = _issued_ago(app, _log_in(client, a_user()).json["access"], seconds)
    answer = client.get(ME, headers=_bearer(old))
    assert (answer.status_code, answer.json.get("code")) == (status, code)


def test_s02_a_refresh_token_lives_a_day(client: FlaskClient) -> None:
    """86,400 seconds, and a new one each time."""
    first = _log_in(client, a_user()).json["refresh"]
    second = _refresh(client, first).json["refresh"]
    claims = [jwt.decode(token, options={"verify_signature": False}) for token in (first, second)]
    assert 86_398 <= claims[0]["exp"] - claims[0]["iat"] <= 86_400
    assert claims[0]["jti"] != claims[1]["jti"]


@pytest.mark.slow
def test_s03_twenty_parallel_refreshes_give_one_pair_in_each_of_fifty_rounds(app: Flask, client: FlaskClient) -> None:
    """No lucky interleaving."""
    token = _log_in(client, a_user()).json["refresh"]
    with ThreadPoolExecutor(20) as pool:
        for _ in range(50):
            answers = list(pool.map(lambda old: _refresh(app.test_client(), old), [token] * 20))
            good = [answer for answer in answers if answer.status_code == 200]
            assert len(good) == 1
            token = good[0].json["refresh"]


def test_s04_reuse_leaves_an_event_for_the_practice(client: FlaskClient) -> None:
    """Somebody stole a token; that must not pass in silence."""
    person = a_user()
    _stolen(client, person)
    with in_house(person.actor):
        actions = db.session.scalars(select(AuditEvent.action).where(AuditEvent.user_id == person.actor.user_id)).all()
    assert "auth:refresh_reuse" in actions


def test_s05_the_revocation_survives_the_error_and_a_restart(client: FlaskClient, settings: Settings) -> None:
    """It is committed before the 401 is raised; another process knows of it."""
    newest = _stolen(client, a_user())
    restarted = create_app(settings).test_client()
    assert restarted.get(ME, headers=_bearer(newest["access"])).status_code == 401
    assert _refresh(restarted, newest["refresh"]).status_code == 401


def test_s06_a_session_ends_after_a_day_however_busy(client: FlaskClient) -> None:
    """Refreshing near its end gives tokens that end with it; after it none."""
    person = a_user()
    pair = _log_in(client, person).json
    _end_family_in(person, timedelta(minutes=5))
    near = _refresh(client, pair["refresh"]).json
    claims = [jwt.decode(near[kind], options={"verify_signature": False}) for kind in ("access", "refresh")]
    _end_family_in(person, timedelta(seconds=-1))
    assert all(claim["exp"] - claim["iat"] <= 300 for claim in claims)
    assert _refresh(client, near["refresh"]).status_code == 401
    assert client.get(ME, headers=_bearer(near["access"])).status_code == 401


@pytest.mark.parametrize("key", ["c2hvcnQgMTYgYnl0ZXMh", "changeme" * 6, "A" * 44])
def test_s08_a_weak_key_stops_the_start(key: str) -> None:
    """16 bytes, a published default, no randomness: exit code and a message that names the setting."""
    environment = {**os.environ, "APP_ENV": "production", "DATABASE_URL": "postgresql://x@127.0.0.1/x"}
    run = subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**environment, "JWT_SECRET_KEYS": key, "FIELD_ENCRYPTION_KEYS": key},
    )  # fmt: skip
    assert (run.returncode != 0, "JWT_SECRET_KEYS" in run.stderr) == (True, True)


@pytest.mark.parametrize(("seconds", "status"), [(-1, 423), (1, 200)])
def test_s10_a_lock_ends_after_half_an_hour_to_the_second(client: FlaskClient, seconds: int, status: int) -> None:
    """29:59 and 30:01; the right password while locked does not put it off."""
    person = a_user()
    for _ in range(5):
        _log_in(client, person, "wrong")
    _log_in(client, person)
    _move_lock(timedelta(minutes=30, seconds=seconds))
    assert _log_in(client, person).status_code == status


def test_s10_a_wrong_password_while_locked_restarts_the_half_hour(client: FlaskClient) -> None:
    """The contract's word."""
    person = a_user()
    for _ in range(5):
        _log_in(client, person, "wrong")
    _move_lock(timedelta(minutes=29))
    _log_in(client, person, "wrong")
    _move_lock(timedelta(minutes=29))
    assert _log_in(client, person).status_code == 423


def test_s10_of_twenty_parallel_guesses_the_right_one_beyond_the_fifth_does_not_open(app: Flask) -> None:
    """Nineteen wrong ones and the right one, all at once, on an account with four failures behind it."""
    person = a_user()
    for _ in range(5):
        _log_in(app.test_client(), person, "wrong")
    with ThreadPoolExecutor(20) as pool:
        guesses = ["wrong"] * 19 + [person.password]
        answers = list(pool.map(lambda guess: _log_in(app.test_client(), person, guess).status_code, guesses))
    assert answers == [423] * 20


def test_s12_a_lock_that_was_restarted_looks_the_same_for_unknown_addresses(client: FlaskClient) -> None:
    """Status, body and headers, six times over."""
    known = a_user().email
    unknown = f"un{known}"
    said = [[_said(client, email) for _ in range(7)] for email in (known, unknown)]
    assert said[0] == said[1]


def _said(client: FlaskClient, email: str) -> tuple[Any, ...]:
    answer = client.post(LOGIN, json={"email": email, "password": "wrong"})
    body = {name: value for name, value in answer.json.items() if name != "locked_until"}
    return answer.status_code, body, "locked_until" in answer.json, sorted(answer.headers.keys())


def _stolen(client: FlaskClient, person: Person) -> dict[str, str]:
    """Replay an old refresh token; return the pair that the session had by then."""
    first = _log_in(client, person).json["refresh"]
    second = _refresh(client, first).json["refresh"]
    third = _refresh(client, second).json
    assert _refresh(client, first).json["code"] == "token_reused"
    return third


def _end_family_in(person: Person, left: timedelta) -> None:
    with in_house(person.actor), transaction() as session:
        session.execute(update(TokenFamily).values(expires_at=datetime.now(UTC) + left))


def _move_lock(by: timedelta) -> None:
    """Let time pass for every lock."""
    with in_house(), transaction() as session:
        locked = update(LoginAttempt).where(LoginAttempt.locked_until.is_not(None))
        session.execute(locked.values(locked_until=LoginAttempt.locked_until - by))

"""Signing in and out, over HTTP."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.extensions import db
from app.models import RefreshToken, User
from app.services.transaction import transaction
from app.web import signing_keys, tokens
from tests.builders import Person, a_user, in_house, signed_in

LOGIN, REFRESH, LOGOUT, ME = (f"/api/v1/auth/{name}/" for name in ("login", "token/refresh", "logout", "me"))


def _log_in(client: FlaskClient, person: Person, password: str | None = None) -> Any:
    return client.post(LOGIN, json={"email": person.email, "password": password or person.password})


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_login_answers_in_the_documented_shape(client: FlaskClient) -> None:
    """Field for field."""
    person = a_user()
    body = _log_in(client, person).json
    assert body.keys() == {"access", "refresh", "user"}
    assert body["user"] == {
        "id": person.actor.user_id, "email": person.email, "first_name": "Pat", "last_name": "Tester",
        "role": "provider", "is_2fa_enabled": False,
    }  # fmt: skip


def test_s01_an_access_token_lives_fifteen_minutes(client: FlaskClient) -> None:
    """900 seconds, HS256, with a key id."""
    token = _log_in(client, a_user()).json["access"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(token) == {
        "alg": "HS256",
        "kid": jwt.get_unverified_header(token)["kid"],
        "typ": "at+jwt",
    }


@pytest.mark.parametrize("password", ["wrong", "", " "])
def test_wrong_credentials_answer_401_whether_the_account_exists_or_not(client: FlaskClient, password: str) -> None:
    """One body for all."""
    known = client.post(LOGIN, json={"email": a_user().email, "password": password or "x"})
    unknown = client.post(LOGIN, json={"email": "nobody@test.example", "password": password or "x"})
    expected = {"detail": "Unable to log in with provided credentials.", "code": "authentication_failed"}
    assert (known.status_code, known.json, unknown.status_code, unknown.json) == (401, expected, 401, expected)


def test_s10_five_failures_lock_the_account_for_thirty_minutes(client: FlaskClient) -> None:
    """The sixth attempt is refused although it is right."""
    person = a_user()
    statuses = [_log_in(client, person, "wrong").status_code for _ in range(5)]
    locked = _log_in(client, person)
    assert statuses == [401] * 5
    assert (locked.status_code, locked.json["code"]) == (423, "account_locked")
    assert locked.json["detail"] == "Account locked due to 5 failed login attempts. Try again in 30 minutes."


def test_s12_an_unknown_address_locks_as_well(client: FlaskClient) -> None:
    """Otherwise the lock would tell who has an account."""
    body = {"email": f"ghost{time.time_ns()}@test.example", "password": "wrong"}
    assert [client.post(LOGIN, json=body).status_code for _ in range(6)] == [401] * 5 + [423]


def test_s10_twenty_parallel_guesses_are_at_most_five(app: Flask) -> None:
    """The counter is atomic."""
    person = a_user()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: _log_in(app.test_client(), person, "wrong").status_code, range(20)))
    assert (answers.count(401), answers.count(423)) == (5, 15)


def test_a_right_login_clears_the_failures_before_it(client: FlaskClient) -> None:
    """Only consecutive failures count."""
    person = a_user()
    for password in ["wrong"] * 4 + [person.password] + ["wrong"] * 4:
        _log_in(client, person, password)
    assert _log_in(client, person).status_code == 200


def test_s02_a_refresh_token_works_once(client: FlaskClient) -> None:
    """A new pair, and the old one is spent."""
    first = _log_in(client, a_user()).json["refresh"]
    second = client.post(REFRESH, json={"refresh": first})
    again = client.post(REFRESH, json={"refresh": first})
    assert (second.status_code, second.json.keys()) == (200, {"access", "refresh"})
    assert (again.status_code, again.json["code"]) == (401, "token_already_rotated")


def test_s03_twenty_parallel_refreshes_give_one_pair(app: Flask, client: FlaskClient) -> None:
    """Rotation is atomic."""
    token = _log_in(client, a_user()).json["refresh"]
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: app.test_client().post(REFRESH, json={"refresh": token}).status_code, range(20))
        )
    assert sorted(answers) == [200] + [401] * 19


def test_s04_an_old_refresh_token_coming_back_ends_the_session(client: FlaskClient) -> None:
    """The thief's and the owner's tokens die alike, and at once."""
    first = _log_in(client, a_user()).json["refresh"]
    second = client.post(REFRESH, json={"refresh": first}).json["refresh"]
    third = client.post(REFRESH, json={"refresh": second}).json
    reused = client.post(REFRESH, json={"refresh": first})
    assert (reused.status_code, reused.json["code"]) == (401, "token_reused")
    assert client.post(REFRESH, json={"refresh": third["refresh"]}).status_code == 401
    assert client.get(ME, headers=_bearer(third["access"])).status_code == 401


def test_s04_the_parent_token_after_the_grace_is_theft(client: FlaskClient) -> None:
    """Ten seconds for a double click, not more."""
    person = a_user()
    first = _log_in(client, person).json["refresh"]
    second = client.post(REFRESH, json={"refresh": first}).json
    with in_house(person.actor), transaction() as session:
        earlier = datetime.now(UTC) - timedelta(seconds=11)
        session.execute(update(RefreshToken).where(RefreshToken.used_at.is_not(None)).values(used_at=earlier))
    assert client.post(REFRESH, json={"refresh": first}).json["code"] == "token_reused"
    assert client.get(ME, headers=_bearer(second["access"])).status_code == 401


def test_s09_logging_out_ends_the_access_token_at_once(client: FlaskClient) -> None:
    """And the refresh token."""
    pair = _log_in(client, a_user()).json
    out = client.post(LOGOUT, json={"refresh": pair["refresh"]}, headers=_bearer(pair["access"]))
    assert (out.status_code, out.data) == (204, b"")
    assert client.get(ME, headers=_bearer(pair["access"])).status_code == 401
    assert client.post(REFRESH, json={"refresh": pair["refresh"]}).status_code == 401


@pytest.mark.parametrize("change", [{"disabled_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"security_version": 9}])
def test_s09_a_disabled_or_changed_account_is_out_at_the_next_request(
    client: FlaskClient, change: dict[str, Any]
) -> None:
    """Tokens do not outlive what they stand for."""
    person = a_user()
    headers = signed_in(client, person)
    with in_house(person.actor), transaction() as session:
        session.execute(
            update(User).where(User.id == person.actor.user_id).values(**change), execution_options={"recorded": True}
        )
    assert client.get(ME, headers=headers).status_code == 401


def _forgeries(good: str, settings_key: bytes) -> dict[str, str]:
    header, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    kid = {"kid": header["kid"], "typ": "at+jwt"}

    def made(
        changes: dict[str, Any], key: Any = settings_key, head: dict[str, Any] | None = None, alg: str = "HS256"
    ) -> str:
        return jwt.encode({**claims, **changes}, key, alg, {**kid, **(head or {})})

    body = good.split(".")[1]
    return {
        "alg none": made({}, None, alg="none"),
        "another key": made({}, b"x" * 32),
        "kid of a file": made({}, head={"kid": "../../../dev/null"}),
        "kid of sql": made({}, head={"kid": "' OR 1=1 --"}),
        "kid a number": jwt.encode(claims, b"k" * 32, headers={"typ": "at+jwt"}),
        "expired": made({"exp": 1}),
        "not yet": made({"nbf": 4_000_000_000}),
        "other audience": made({"aud": "somebody"}),
        "other issuer": made({"iss": "somebody"}),
        "refresh as access": made({"type": "refresh"}),
        "wrong header type": made({}, head={"typ": "JWT"}),
        "no signature": good.rsplit(".", 1)[0] + ".",
        "other claims": f"{good.split('.', maxsplit=1)[0]}.{body[:-2]}AA.{good.split('.')[2]}",
        "no practice": made({"pid": None}),
        "a practice that is none": made({"pid": "x"}),
        "rubbish": "a.b.c",
        "nothing": "",
        "long": "a" * 9000,
    }


def test_s07_no_forged_token_opens_anything(app: Flask, client: FlaskClient) -> None:
    """401 for each, never 500. The forger even knows the right key."""
    good = _log_in(client, a_user()).json["access"]
    forgeries = _forgeries(good, app.config["SETTINGS"].jwt_secret_keys[0])
    answers = {name: client.get(ME, headers=_bearer(token)).status_code for name, token in forgeries.items()}
    assert answers == dict.fromkeys(forgeries, 401)


def test_s07_access_and_refresh_tokens_do_not_stand_in_for_each_other(client: FlaskClient) -> None:
    """Neither way."""
    pair = _log_in(client, a_user()).json
    assert client.get(ME, headers=_bearer(pair["refresh"])).status_code == 401
    assert client.post(REFRESH, json={"refresh": pair["access"]}).status_code == 401


def test_an_expired_token_says_so(app: Flask, client: FlaskClient) -> None:
    """So that clients know to refresh."""
    good = _log_in(client, a_user()).json["access"]
    expired = _forgeries(good, app.config["SETTINGS"].jwt_secret_keys[0])["expired"]
    assert client.get(ME, headers=_bearer(expired)).json["code"] == "token_expired"


def test_tokens_are_stored_as_hashes_only(client: FlaskClient) -> None:
    """A stolen database opens no session."""
    person = a_user()
    pair = _log_in(client, person).json
    secret = jwt.decode(pair["refresh"], options={"verify_signature": False})["jti"]
    with in_house(person.actor):
        stored = [row.token_hash for row in db.session.query(RefreshToken)]
    assert stored
    assert secret.encode() not in b"".join(stored)


def test_a_token_seen_before_still_expires(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature is checked once, its time every time."""
    headers = signed_in(client, a_user())
    assert client.get(ME, headers=headers).status_code == 200
    later = time.time() + 901
    monkeypatch.setattr(tokens.time, "time", lambda: later)
    assert client.get(ME, headers=headers).json["code"] == "token_expired"


def test_a_token_seen_before_dies_with_its_key(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that left the ring proves nothing any more."""
    headers = signed_in(client, a_user())
    assert client.get(ME, headers=headers).status_code == 200
    monkeypatch.setattr(tokens, "ring", signing_keys.KeyRing())
    assert client.get(ME, headers=headers).json["code"] == "token_invalid"

"""Changing and resetting passwords, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from app import create_app
from app.extensions import db
from app.models import PasswordToken
from app.services.transaction import transaction
from config import Settings
from tests.builders import Person, a_practice, a_user, in_house, signed_in
from tests.mailbox import delivered_to, letters_to, mailed_token

LOGIN, ME, REFRESH = (f"/api/v1/auth/{name}/" for name in ("login", "me", "token/refresh"))
CHANGE, RESET, CONFIRM = (f"/api/v1/auth/password/{name}/" for name in ("change", "reset", "reset/confirm"))
NEW = "nine purple whales at dawn"


def _log_in(client: FlaskClient, person: Person, password: str) -> Any:
    return client.post(LOGIN, json={"email": person.email, "password": password})


def _change(client: FlaskClient, headers: dict[str, str], old: str, new: str = NEW) -> Any:
    return client.post(CHANGE, json={"old_password": old, "new_password": new}, headers=headers)


def _asked(client: FlaskClient, person: Person) -> str:
    client.post(RESET, json={"email": person.email})
    return mailed_token(person.email)


def test_s09_a_changed_password_ends_every_other_session_and_renews_this_one(client: FlaskClient) -> None:
    """The old access tokens die both; the answer brings new ones."""
    person = a_user()
    here, there = signed_in(client, person), signed_in(client, person)
    answer = _change(client, here, person.password)
    assert answer.status_code == 200
    assert [client.get(ME, headers=headers).status_code for headers in (here, there)] == [401, 401]
    assert client.get(ME, headers={"Authorization": f"Bearer {answer.json['access']}"}).status_code == 200
    assert client.post(REFRESH, json={"refresh": answer.json["refresh"]}).status_code == 200


def test_the_new_password_signs_in_and_the_old_one_does_not(client: FlaskClient) -> None:
    """And the owner is told."""
    person = a_user()
    _change(client, signed_in(client, person), person.password)
    assert (_log_in(client, person, person.password).status_code, _log_in(client, person, NEW).status_code) == (
        401,
        200,
    )
    assert "password of your account was changed" in delivered_to(person.email)[-1]


def test_a_wrong_old_password_counts_into_the_lockout(client: FlaskClient) -> None:
    """A stolen session does not find out the password."""
    person = a_user()
    headers = signed_in(client, person)
    answers = [_change(client, headers, f"wrong{n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [400] * 5 + [423]
    assert list(answers[0].json["field_errors"]) == ["old_password"]
    assert _log_in(client, person, person.password).status_code == 423


@pytest.mark.parametrize(
    "new", ["a" * 7, "kxq 7 zebra", "fourteen chars", "passwordpassword", "Riverside2026!!", "x" * 129, ""]
)
def test_s16_a_bad_new_password_is_refused_under_its_field(client: FlaskClient, new: str) -> None:
    """Too short, common, expected, too long; the old one stays."""
    person = a_user(a_practice("Riverside Family Practice"))
    answer = _change(client, signed_in(client, person), person.password, new)
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["new_password"])
    assert _log_in(client, person, person.password).status_code == 200


@pytest.mark.parametrize(
    "new", ["fifteen letters", " spaces around it ", "ключ от старой двери", ("pq rs tu vw " * 11)[:128]]
)
def test_s16_a_password_is_taken_exactly_as_it_is(client: FlaskClient, new: str) -> None:
    """To the last space."""
    person = a_user()
    assert _change(client, signed_in(client, person), person.password, new).status_code == 200
    assert _log_in(client, person, new).status_code == 200
    assert _log_in(client, person, new.strip() if new != new.strip() else f"{new} ").status_code == 401


def test_s11_asking_for_a_reset_answers_the_same_for_everybody(client: FlaskClient) -> None:
    """202, one body, the same headers."""
    known, unknown = (client.post(RESET, json={"email": email}) for email in (a_user().email, "no@test.example"))
    assert (known.status_code, known.data) == (202, unknown.data)
    assert unknown.status_code == 202
    assert list(known.headers.keys()) == list(unknown.headers.keys())


@pytest.mark.parametrize("url", [RESET, CONFIRM])
def test_s18_anonymous_callers_of_these_routes_count_as_signing_in(settings: Settings, url: str) -> None:
    """Three a minute here; the fourth is refused whatever it says."""
    values = {name: getattr(settings, name) for name in settings.__slots__}
    strict = create_app(Settings(**{**values, "ratelimits": {**settings.ratelimits, "auth": "3/minute"}})).test_client()
    assert [strict.post(url, json={}).status_code for _ in range(4)] == [400, 400, 400, 429]


def test_s11_the_work_of_asking_is_the_same_for_everybody(client: FlaskClient) -> None:
    """One job each; only the worker finds out whether there is somebody."""
    counts = []
    for email in (a_user().email, "nobody.at.all@test.example"):
        before = _jobs()
        client.post(RESET, json={"email": email})
        counts.append(_jobs() - before)
    assert counts == [1, 1]
    assert delivered_to("nobody.at.all@test.example") == []


def _jobs() -> int:
    with in_house():
        return db.session.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()


def test_a_mailed_token_sets_the_password_once_and_opens_no_session(client: FlaskClient) -> None:
    """Then the link is dead."""
    person = a_user()
    token = _asked(client, person)
    first = client.post(CONFIRM, json={"token": token, "password": NEW})
    again = client.post(CONFIRM, json={"token": token, "password": f"{NEW} again"})
    assert (first.status_code, first.data) == (204, b"")
    assert (again.status_code, list(again.json["field_errors"])) == (400, ["token"])
    assert _log_in(client, person, NEW).status_code == 200


def test_s09_a_reset_ends_every_session(client: FlaskClient) -> None:
    """Whoever had the old password is out."""
    person = a_user()
    headers = signed_in(client, person)
    client.post(CONFIRM, json={"token": _asked(client, person), "password": NEW})
    assert client.get(ME, headers=headers).status_code == 401


def test_a_reset_opens_a_locked_account(client: FlaskClient) -> None:
    """A lock by strangers is not for ever."""
    person = a_user()
    for _ in range(5):
        _log_in(client, person, "wrong")
    client.post(CONFIRM, json={"token": _asked(client, person), "password": NEW})
    assert _log_in(client, person, NEW).status_code == 200


def test_a_refused_password_leaves_the_token_good(client: FlaskClient) -> None:
    """One may try another."""
    person = a_user()
    token = _asked(client, person)
    bad = client.post(CONFIRM, json={"token": token, "password": "passwordpassword"})
    assert (bad.status_code, list(bad.json["field_errors"])) == (400, ["password"])
    assert client.post(CONFIRM, json={"token": token, "password": NEW}).status_code == 204


@pytest.mark.parametrize(("minutes", "status"), [(29, 204), (31, 400)])
def test_a_token_lives_thirty_minutes(client: FlaskClient, minutes: int, status: int) -> None:
    """By the database's clock."""
    person = a_user()
    token = _asked(client, person)
    with in_house(person.actor), transaction() as session:
        made = session.scalars(select(PasswordToken.expires_at)).one()
        session.execute(update(PasswordToken).values(expires_at=made - timedelta(minutes=minutes)))
    assert made - datetime.now(UTC) <= timedelta(minutes=30)
    assert client.post(CONFIRM, json={"token": token, "password": NEW}).status_code == status


def test_using_one_token_spends_the_others(client: FlaskClient) -> None:
    """No older letter sets another password."""
    person = a_user()
    old, new = _asked(client, person), _asked(client, person)
    client.post(CONFIRM, json={"token": new, "password": NEW})
    assert client.post(CONFIRM, json={"token": old, "password": f"{NEW} again"}).status_code == 400


@pytest.mark.parametrize(
    "forged", ["", "x", ".", "00000000000000000000000000000000.x", "zz.{secret}", "{other}.{secret}"]
)
def test_a_forged_token_sets_nothing(client: FlaskClient, forged: str) -> None:
    """Nor one with another practice's number."""
    secret = _asked(client, a_user()).partition(".")[2]
    token = forged.format(secret=secret, other=a_practice().hex)
    answer = client.post(CONFIRM, json={"token": token, "password": NEW})
    assert (answer.status_code, list(answer.json["field_errors"])) == (400, ["token"])


def test_a_mailbox_is_not_filled_with_links(client: FlaskClient) -> None:
    """Three live ones are enough."""
    person = a_user()
    for _ in range(5):
        client.post(RESET, json={"email": person.email})
    assert len(delivered_to(person.email)) == 3


def test_tokens_are_stored_as_hashes_and_travel_behind_the_hash_sign(client: FlaskClient) -> None:
    """No server's log sees them."""
    person = a_user()
    token = _asked(client, person)
    with in_house(person.actor):
        stored = db.session.scalars(select(PasswordToken.token_hash)).one()
    assert token.partition(".")[2].encode() not in stored
    assert f"/admin/set-password#{token}" in letters_to(person.email)[-1]

"""Emergency access over HTTP (S91): a reason, the password again, an hour at most, and a trail that says so."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.domain.roles import Role
from app.extensions import db
from app.models import AuditEvent, BreakGlassEpisode
from app.services.transaction import transaction
from tests.authenticator import enrol, log_in, rewind
from tests.builders import PASSWORD, Person, a_patient, a_reading, a_user, in_house, signed_in
from tests.mailbox import delivered_to

URL = "/api/v1/auth/break-glass/"
REASON = "Patient collapsed at home, their nurse is out"
Headers = dict[str, str]


def _declare(client: FlaskClient, headers: Headers, **fields: Any) -> Any:
    body = {"reason": REASON, "password": PASSWORD, **fields}
    return client.post(URL, headers=headers, json={name: value for name, value in body.items() if value is not None})


def _biller(client: FlaskClient) -> tuple[Person, Headers]:
    person = a_user(role=Role.BILLING_MANAGER)
    return person, signed_in(client, person)


def _events(person: Person) -> list[AuditEvent]:
    with in_house(person.actor):
        return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id)))


def test_s91_a_declared_emergency_opens_what_the_role_lacks(client: FlaskClient) -> None:
    """For billing: triage and observations."""
    biller, headers = _biller(client)
    doctor = a_user(biller.actor.practice_id)
    reading = a_reading(doctor.actor, a_patient(doctor.actor).id).observation.id
    urls = ("/api/v1/triage/patients/", f"/api/v1/fhir/observations/{reading}/")
    assert [client.get(url, headers=headers).status_code for url in urls] == [403, 403]
    declared = _declare(client, headers)
    assert (declared.status_code, declared.json.keys()) == (201, {"id", "reason", "started_at", "expires_at"})
    assert [client.get(url, headers=headers).status_code for url in urls] == [200, 200]


@pytest.mark.parametrize("url", ["/api/v1/auth/break-glass/", "/api/v1/patients/"])
def test_s91_an_emergency_lets_nobody_change_or_audit(client: FlaskClient, url: str) -> None:
    """It is for looking."""
    _, headers = _biller(client)
    _declare(client, headers)
    answer = client.get(url, headers=headers) if "break" in url else client.post(url, json={}, headers=headers)
    assert answer.status_code == 403


def test_s91_an_emergency_stays_in_its_practice_and_its_session(client: FlaskClient) -> None:
    """Another practice's reading is not there; the same person's other session has gained nothing."""
    biller, headers = _biller(client)
    stranger = a_user()
    reading = a_reading(stranger.actor, a_patient(stranger.actor).id).observation.id
    other_session = signed_in(client, biller)
    _declare(client, headers)
    assert client.get(f"/api/v1/fhir/observations/{reading}/", headers=headers).status_code == 404
    assert client.get("/api/v1/triage/patients/", headers=other_session).status_code == 403


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": None}, {"reason"}),
        ({"reason": "too short"}, {"reason"}),
        ({"reason": "          "}, {"reason"}),
        ({"password": None}, {"password"}),
        ({"minutes": 0}, {"minutes"}),
        ({"minutes": 61}, {"minutes"}),
        ({"minutes": "30"}, {"minutes"}),
    ],
)
def test_s91_no_emergency_without_a_reason_a_password_and_an_end(
    client: FlaskClient, fields: dict[str, Any], wrong: set[str]
) -> None:
    """Named in the answer."""
    _, headers = _biller(client)
    answer = _declare(client, headers, **fields)
    assert (answer.status_code, answer.json["field_errors"].keys()) == (400, wrong)


@pytest.mark.parametrize(("minutes", "lasts"), [(None, 30), (1, 1), (60, 60)])
def test_s91_it_lasts_as_long_as_was_said_and_half_an_hour_otherwise(
    client: FlaskClient, minutes: int | None, lasts: int
) -> None:
    """An hour at most."""
    _, headers = _biller(client)
    episode = _declare(client, headers, minutes=minutes).json
    times = [datetime.fromisoformat(episode[name]) for name in ("started_at", "expires_at")]
    assert times[1] - times[0] == timedelta(minutes=lasts)


def test_s91_when_its_time_is_over_it_is_over_and_may_be_declared_anew(client: FlaskClient) -> None:
    """By the database's clock."""
    biller, headers = _biller(client)
    _declare(client, headers)
    with in_house(biller.actor), transaction() as session:
        past = {"started_at": datetime.now(UTC) - timedelta(minutes=30), "expires_at": datetime.now(UTC)}
        session.execute(update(BreakGlassEpisode).values(**past), execution_options={"recorded": True})
    assert client.get("/api/v1/triage/patients/", headers=headers).status_code == 403
    assert client.delete(URL, headers=headers).status_code == 404
    assert _declare(client, headers).status_code == 201


def test_s91_a_second_declaration_waits_for_the_end_of_the_first(client: FlaskClient) -> None:
    """409; its end may come early."""
    _, headers = _biller(client)
    assert [_declare(client, headers).status_code for _ in range(2)] == [201, 409]
    assert client.delete(URL, headers=headers).status_code == 204
    assert client.get("/api/v1/triage/patients/", headers=headers).status_code == 403
    assert [client.delete(URL, headers=headers).status_code, _declare(client, headers).status_code] == [404, 201]


@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "once"}])
def test_s91_wrong_passwords_lock_the_account_even_under_an_idempotency_key(
    client: FlaskClient, key: dict[str, str]
) -> None:
    """Rolling the request back must not roll the count back."""
    biller, headers = _biller(client)
    statuses = [_declare(client, {**headers, **key}, password="wrong").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [423]
    login = client.post("/api/v1/auth/login/", json={"email": biller.email, "password": PASSWORD})
    assert login.status_code == 423


def test_s91_a_patient_cannot_break_the_glass(client: FlaskClient) -> None:
    """Nor end or list."""
    doctor = a_user()
    person = a_user(doctor.actor.practice_id, Role.PATIENT, a_patient(doctor.actor).id)
    headers = signed_in(client, person)
    answers = [_declare(client, headers), client.delete(URL, headers=headers), client.get(URL, headers=headers)]
    assert [answer.status_code for answer in answers] == [403] * 3


def test_s91_every_event_of_an_emergency_carries_its_reason(client: FlaskClient) -> None:
    """Reads and refusals too; afterwards nothing carries it any more."""
    biller, headers = _biller(client)
    number = _declare(client, headers).json["id"]
    client.get("/api/v1/triage/patients/", headers=headers)
    client.get(f"/api/v1/patients/{number}/", headers=headers)
    client.delete(URL, headers=headers)
    client.get("/api/v1/auth/me/", headers=headers)
    mark = f"break-glass {number}: {REASON}"
    marked = {event.action: event.reason for event in _events(biller) if event.reason and mark in event.reason}
    assert marked.keys() == {
        "break_glass:create", "triage:list", "GET patients.OnePatient", "break_glass:update",
    }  # fmt: skip
    assert marked["GET patients.OnePatient"] == f"not_found; {mark}"


def test_s91_a_second_factor_is_asked_for_where_there_is_one(client: FlaskClient) -> None:
    """None, a wrong one, the right one; the wrong one counts as a failed login."""
    biller, headers = _biller(client)
    phone = enrol(client, biller, headers)
    token = log_in(client, biller, totp_code=phone.code()).json["access"]
    headers = {"Authorization": f"Bearer {token}"}
    codes = (None, phone.wrong_code())
    refused = [_declare(client, headers, totp_code=code).json["code"] for code in codes]
    rewind(biller)
    assert refused == ["totp_required", "totp_invalid"]
    assert _declare(client, headers, totp_code=phone.code()).status_code == 201


def test_s91_administrators_are_told_by_mail_but_not_why(client: FlaskClient) -> None:
    """The reason may say too much for a mailbox; it stands in the trail."""
    biller, headers = _biller(client)
    admin = a_user(biller.actor.practice_id, Role.ADMIN)
    _declare(client, headers)
    letters = delivered_to(admin.email)
    assert len(letters) == 1
    assert f"number {biller.actor.user_id} " in letters[0]
    assert REASON not in letters[0]


def test_s91_administrators_see_who_took_emergency_access_and_why(client: FlaskClient) -> None:
    """Those of their practice, newest first."""
    biller, headers = _biller(client)
    _declare(client, headers)
    client.delete(URL, headers=headers)
    _declare(client, _biller(client)[1])
    admin = signed_in(client, a_user(biller.actor.practice_id, Role.ADMIN))
    answer = client.get(URL, headers=admin).json
    (episode,) = answer["results"]
    assert (answer["count"], episode["user_email"], episode["reason"]) == (1, biller.email, REASON)
    assert episode["ended_at"] < episode["expires_at"]


def test_s91_an_emergency_survives_the_refresh_of_its_tokens_and_dies_with_its_session(client: FlaskClient) -> None:
    """It belongs to the token family."""
    biller = a_user(role=Role.BILLING_MANAGER)
    login = {"email": biller.email, "password": PASSWORD}
    pair = client.post("/api/v1/auth/login/", json=login).json
    _declare(client, {"Authorization": f"Bearer {pair['access']}"})
    renewed = client.post("/api/v1/auth/token/refresh/", json={"refresh": pair["refresh"]}).json
    headers = {"Authorization": f"Bearer {renewed['access']}"}
    assert client.get("/api/v1/triage/patients/", headers=headers).status_code == 200
    client.post("/api/v1/auth/logout/", json={"refresh": renewed["refresh"]}, headers=headers)
    assert client.get("/api/v1/triage/patients/", headers=headers).status_code == 401


def test_s91_of_many_declarations_at_once_one_is_taken(app: Flask, client: FlaskClient) -> None:
    """The others are conflicts, and leave no trace of an episode that never was."""
    biller, headers = _biller(client)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _declare(app.test_client(), headers).status_code, range(8)))
    assert sorted(answers) == [201] + [409] * 7
    marks = {event.reason.partition("break-glass ")[2][:36] for event in _events(biller) if event.reason}
    assert len(marks - {""}) == 1
